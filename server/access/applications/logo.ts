/** An application's picture, as people see it when it asks for their consent. */
export interface Logo {
  contentType: LogoType
  body: Buffer
}

export type LogoType = 'image/png' | 'image/jpeg' | 'image/webp'

export const MAXIMUM_LOGO_BYTES = 100_000

/**
 * What a file is by its first bytes, whatever it is called: only pictures that cannot hold scripts.
 * @returns null when it is none of these
 */
export function logoTypeOf(body: Buffer): LogoType | null {
  if (body.subarray(0, 8).equals(PNG)) return 'image/png'
  if (body.subarray(0, 3).equals(JPEG)) return 'image/jpeg'
  const isWebp =
    body.toString('latin1', 0, 4) === 'RIFF' && body.toString('latin1', 8, 12) === 'WEBP'
  return isWebp ? 'image/webp' : null
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const JPEG = Buffer.from([0xff, 0xd8, 0xff])
