import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'

/**
 * Where a page of features ends, as clients see it: the collection and the key of the last feature in
 * one block under AES-256. Keys count all features, so plain ones would tell how many a caller does
 * not see. A block is half the collection's mark, so what was not made here does not open; the same
 * place always gives the same cursor, so that answers can be compared by their entity tags.
 */
export interface Cursors {
  /** @param key up to 2^53-1 @returns 22 characters that fit a URL */
  seal(collectionId: string, key: number): string
  /** @returns null when it is not a cursor of this collection */
  open(collectionId: string, cursor: string): number | null
}

/** @param key 32 bytes */
export function createCursors(key: Buffer): Cursors {
  const blockKey = createHmac('sha256', key).update('block').digest()
  const markKey = createHmac('sha256', key).update('mark').digest()
  const mark = (collectionId: string) =>
    createHmac('sha256', markKey).update(collectionId).digest().subarray(0, 8)

  return {
    seal(collectionId, featureKey) {
      const block = Buffer.alloc(16)
      mark(collectionId).copy(block)
      block.writeBigUInt64BE(BigInt(featureKey), 8)
      // One block only, so there is nothing for a mode to chain.
      const cipher = createCipheriv('aes-256-ecb', blockKey, null).setAutoPadding(false)
      return Buffer.concat([cipher.update(block), cipher.final()]).toString('base64url')
    },

    open(collectionId, cursor) {
      if (!/^[\w-]{22}$/.test(cursor)) return null
      const decipher = createDecipheriv('aes-256-ecb', blockKey, null).setAutoPadding(false)
      const sealed = Buffer.from(cursor, 'base64url')
      const block = Buffer.concat([decipher.update(sealed), decipher.final()])
      if (!block.subarray(0, 8).equals(mark(collectionId))) return null
      const featureKey = block.readBigUInt64BE(8)
      return featureKey <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(featureKey) : null
    },
  }
}
