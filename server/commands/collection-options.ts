import { InvalidArgumentError } from 'commander'
import { isCollectionId } from '../access/collections/collection.ts'

/** Options of commands that make and change collections. */

export function collectionId(value: string): string {
  if (isCollectionId(value)) return value
  throw new InvalidArgumentError(
    'It must have 1 to 63 of the characters A-Z a-z 0-9 . _ - and begin with a letter or digit.',
  )
}

/** It becomes a link on pages. */
export function httpUrl(value: string): string {
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value
  throw new InvalidArgumentError('It must be an http or https URL.')
}
