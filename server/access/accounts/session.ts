import type { Account } from './account.ts'

/** A person signed in with one browser. */
export interface Session {
  /** Names it in lists and grants; not the cookie's value. */
  id: string
  account: Account
  /**
   * When the person last proved who they are: `auth_time`, in milliseconds. null: the provider that
   * vouches for them did not say, so it counts as long ago.
   */
  authenticatedAt: number | null
  /** How (RFC 8176 `amr`): `pwd`, `otp`, `hwk`, `mfa`, `fed`... */
  methods: readonly AuthenticationMethod[]
  /** The identity provider that vouched for the person. */
  providerId: string | null
  createdAt: number
  lastSeenAt: number
  address: string | null
  userAgent: string
}

/** `fed` is our own: RFC 8176 has no value for a sign-in at another provider. */
export type AuthenticationMethod = 'pwd' | 'otp' | 'hwk' | 'mfa' | 'fed' | 'kba'

/**
 * Sessions are held by the server; the browser has a cookie with 256 random bits of which only the
 * hash is stored. They end when idle, at an absolute age, when the person ends them, and when their
 * password is reset. Where the person's e-mail address requires an identity provider, only those count
 * that it vouched for: looked up each time, so that a provider that becomes required, one that gets
 * another domain and a new address all count at once.
 */
export interface Sessions {
  /**
   * Always a new id, so that an id known before the sign-in is worth nothing after it.
   * @param authenticatedAt by default now, and never later
   * @param replaced the cookie's value of a session of this browser, which ends
   * @returns the cookie's value
   */
  begin(begun: {
    accountId: string
    methods: readonly AuthenticationMethod[]
    authenticatedAt?: number | null
    providerId?: string | null
    address: string | null
    userAgent: string
    replaced?: string | null
  }): Promise<{ session: Session; cookie: string }>
  /** The session of a cookie, while it, its account, the provider it requires and the limits of time allow; counts as use. */
  find(cookie: string): Promise<Session | null>
  /** Those of an account, newest first. */
  list(accountId: string): Promise<Session[]>
  /** Ends one of an account's sessions. */
  end(accountId: string, sessionId: string): Promise<'ended' | 'unknown'>
  /** @param except the session that stays */
  endAll(accountId: string, except?: string): Promise<void>
  prune(): Promise<void>
  /** Writes when sessions were last seen, which is otherwise written about a second later. */
  flush(): Promise<void>
}
