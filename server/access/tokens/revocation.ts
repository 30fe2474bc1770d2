import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { FillCache } from '../../lib/fill-cache.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { AccessTokenClaims } from './access-token.ts'

/** Single tokens that were revoked before they expired (RFC 7009). */
export interface TokenRevocation {
  revoke(actor: Actor, claims: AccessTokenClaims): Promise<void>
  /**
   * Whether it was, or a token that it was exchanged from. From a cache; needs a fresh feed
   * (`ChangeFeed.ensureFresh`).
   */
  isRevoked(claims: Pick<AccessTokenClaims, 'jti' | 'exchanged_from'>): boolean | Promise<boolean>
  /** Forgets tokens that have expired. */
  prune(): Promise<void>
}

export function createTokenRevocation(options: {
  database: Database
  audit: Audit
  clock: Clock
  maximumCached: number
}): TokenRevocation {
  const { database, audit, clock } = options
  const cache = new FillCache<{ revoked: boolean }>(options.maximumCached)
  database.feed.subscribe(({ topic, key }) => {
    if (topic === 'token') cache.invalidate(key)
    else if (topic === 'everything') cache.clear()
  })
  const select = database.prepare<{ jti: string }>('select jti from revoked_tokens where jti = $1')

  function load(jti: string) {
    const rows = select(jti)
    return rows instanceof Promise
      ? rows.then((found) => ({ revoked: found.length > 0 }))
      : { revoked: rows.length > 0 }
  }

  function isOneRevoked(jti: string): boolean | Promise<boolean> {
    const state = cache.get(jti, () => load(jti))
    return state instanceof Promise ? state.then((known) => known!.revoked) : state!.revoked
  }

  return {
    isRevoked({ jti, exchanged_from: before }) {
      if (!before) return isOneRevoked(jti)
      const states = [jti, ...before].map(isOneRevoked)
      if (states.includes(true)) return true
      const underWay = states.filter((state) => state instanceof Promise)
      return underWay.length > 0 && Promise.all(underWay).then((known) => known.includes(true))
    },

    revoke: (actor, claims) =>
      database.write(async (write) => {
        const inserted = await write.query
          .insertInto('revoked_tokens')
          .values({ jti: claims.jti, expires_at: claims.exp * 1_000 })
          .onConflict((conflict) => conflict.column('jti').doNothing())
          .returning('jti')
          .executeTakeFirst()
        if (!inserted) return
        write.announce('token', claims.jti)
        audit.record(write, actor, {
          action: 'token.revoke',
          object: { kind: 'token', id: claims.jti },
          customerId: claims.customer,
        })
      }),

    async prune() {
      await database.write(async (write) => {
        await write.query
          .deleteFrom('revoked_tokens')
          .where('expires_at', '<', clock.now())
          .execute()
      })
    },
  }
}
