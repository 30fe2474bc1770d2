import type { FastifyReply } from 'fastify'
import type { Messages } from '../pages/messages.ts'
import { PageError } from '../pages/page-error.ts'
import type { MayMail } from './mail-limit.ts'
import type { SignInOptions } from './options.ts'

/** For pages that send mail to an address that a stranger typed. */
export interface MailingOptions extends SignInOptions {
  mayMail: MayMail
}

/**
 * How often a network may send a form. Offices share an address, so this stops floods; guesses are
 * counted for each account by `access/accounts/passwords.ts` and `second-factors.ts`.
 */
export const ATTEMPTS = { quota: 120, windowSeconds: 60 }

/** How often a network may have mail sent. */
export const MAILS = { quota: 60, windowSeconds: 60 }

/** The page for whoever guessed too often. */
export function tooManyAttempts(
  reply: FastifyReply,
  { errors }: Messages,
  seconds: number,
): PageError {
  void reply.header('retry-after', String(seconds))
  const { title, advice } = errors.byStatus[429]!
  return new PageError(429, title, advice)
}
