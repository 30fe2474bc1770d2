import type { ProtectedAccess } from '../../http/route.ts'
import { pageTokenOf } from './html/page-token.ts'

/**
 * Reading map data: any token with `read`, in the query too for clients that can send no header; and
 * nobody's, for open collections.
 */
export const READ: ProtectedAccess = { scope: 'read', queryToken: true, anonymous: true }

/** The same, where there is a page as well. */
export const READ_OR_LOOK: ProtectedAccess = { ...READ, pageToken: pageTokenOf }

/** Writing: a token in a URL is one in a log, so it has to be in the header. */
export const WRITE: ProtectedAccess = { scope: 'write' }
