import type { FastifyRequest } from 'fastify'
import { badParameter } from '../../protocol/problem.ts'
import { featureTagOf } from './item-tag.ts'

/**
 * What a feature must be like for a change to it (RFC 9110 §13.1.1, §13.1.2), by the tags that the store
 * gives.
 */
export interface Preconditions {
  /** One of these; null: whatever it is. */
  ifMatch: string[] | null
  /** None of these, `*` standing for all; null: whatever it is. */
  ifNoneMatch: string[] | null
}

/** @throws Problem 400 for a header that is no list of entity tags */
export function parsePreconditions({ headers }: FastifyRequest): Preconditions {
  const match = headers['if-match']?.trim()
  const noneMatch = headers['if-none-match']?.trim()
  return {
    // Compared strongly: weak ones match nothing.
    ifMatch:
      match === undefined || match === '*'
        ? null
        : parseTags('If-Match', match).flatMap(({ isWeak, tag }) => (isWeak ? [] : [tag])),
    ifNoneMatch:
      noneMatch === undefined
        ? null
        : noneMatch === '*'
          ? ['*']
          : parseTags('If-None-Match', noneMatch).map(({ tag }) => tag),
  }
}

function parseTags(name: string, text: string): { isWeak: boolean; tag: string }[] {
  if (!LIST.test(text)) {
    throw badParameter(name, 'must be entity tags with their quotes, separated by commas, or *')
  }
  return [...text.matchAll(/(W\/)?"([^"]*)"/g)].map(([, weak, tag]) => ({
    isWeak: weak !== undefined,
    tag: featureTagOf(tag!),
  }))
}

const LIST = /^(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*$/
