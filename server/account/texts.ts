import type { FastifyRequest } from 'fastify'
import { messagesOf } from '../pages/visitor.ts'
import { en } from './texts/en.ts'

/**
 * All texts of these pages, in one language. Another language is another file beside `texts/en.ts`
 * of this type, and an entry below.
 */
export type Texts = typeof en

const CATALOGUES: Record<string, Texts> = { en }

/** In the language of the rest of the page. */
export function textsOf(request: FastifyRequest): Texts {
  return CATALOGUES[messagesOf(request).language] ?? en
}
