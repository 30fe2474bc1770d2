import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { MAXIMUM_LOGO_BYTES, type Logo, logoTypeOf } from '../../access/applications/logo.ts'
import { PageError } from '../../pages/page-error.ts'
import { messagesOf } from '../../pages/visitor.ts'
import { Form } from '../../protocol/form.ts'
import type { Texts } from '../texts.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The file of the field `logo`: null when there is none, `too-large` when there is too much of it. */
    uploadedLogo: Buffer | 'too-large' | null
  }
}

/** Makes the routes of `app` take forms with a file (RFC 7578), beside plain ones. */
export async function acceptUploads(app: FastifyInstance): Promise<void> {
  app.decorateRequest('uploadedLogo', null)
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: {
      fieldNameSize: 100,
      fieldSize: 60_000,
      fields: 150,
      fileSize: MAXIMUM_LOGO_BYTES,
      files: 1,
      parts: 151,
      headerPairs: 20,
    },
  })
}

/**
 * Reads a form with a file into `request.form` and `request.uploadedLogo`, bounded in every way; a
 * plain form is there already.
 * @throws PageError 400 when a field comes twice or holds NUL; Fastify's 413 for too many fields
 */
export async function readUpload(request: FastifyRequest): Promise<void> {
  if (!request.isMultipart()) return
  const values = new Map<string, string[]>()
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      const body = await part.toBuffer()
      // Browsers send an empty file where none was chosen.
      if (part.fieldname !== 'logo' || body.length === 0) continue
      request.uploadedLogo = part.file.truncated ? 'too-large' : body
    } else {
      const { fieldname, value } = part
      const isNoText = typeof value !== 'string' || part.valueTruncated || value.includes('\0')
      if (values.has(fieldname) || isNoText) {
        const { title, advice } = messagesOf(request).errors.byStatus[400]!
        throw new PageError(400, title, advice)
      }
      values.set(fieldname, value === '' ? [] : [value])
    }
  }
  request.form = new Form(values)
}

/** The uploaded logo, judged by its content; null: none was uploaded. */
export function parseLogo(
  { uploadedLogo }: Pick<FastifyRequest, 'uploadedLogo'>,
  { form }: Texts,
): { logo: Logo | null; fault: null } | { logo: null; fault: string } {
  if (uploadedLogo === null) return { logo: null, fault: null }
  if (uploadedLogo === 'too-large') return { logo: null, fault: form.logoLarge }
  const contentType = logoTypeOf(uploadedLogo)
  if (!contentType) return { logo: null, fault: form.logoFault }
  return { logo: { contentType, body: uploadedLogo }, fault: null }
}
