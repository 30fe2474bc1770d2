import type { Background } from './background.ts'
import type { SignInOptions } from './options.ts'

/** For pages that send mail to an address that a stranger typed. */
export interface MailingOptions extends SignInOptions {
  background: Background
  /** Counts one more message to an address; false: not now. */
  mayMail: (email: string) => boolean
}

/**
 * How often a network may send a form. Offices share an address, so this stops floods; guesses are
 * counted for each account by `access/accounts/passwords.ts` and `second-factors.ts`.
 */
export const ATTEMPTS = { quota: 120, windowSeconds: 60 }

/** How often a network may have mail sent. */
export const MAILS = { quota: 60, windowSeconds: 60 }
