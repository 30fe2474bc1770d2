import type { Passwords } from '../access/accounts/passwords.ts'
import type { Person } from './person.ts'

/** What is wrong with a password that a signed-in person gave: the status, and a sentence. */
export interface PasswordFault {
  status: number
  fault: string
}

/** Asks for the person's own password before a sensitive change: a session may be somebody else's hand. */
export function createPasswordCheck({ passwords }: { passwords: Passwords }) {
  return async (
    { account, actor, texts }: Person,
    given: string | null,
  ): Promise<PasswordFault | null> => {
    const { faults } = texts
    if (given === null)
      return { status: 400, fault: faults.missing(texts.security.currentPassword) }
    const outcome = await passwords.verify(account.email, given, actor.address)
    if (outcome.kind === 'wait') return { status: 429, fault: faults.wait(outcome.seconds) }
    // What looked like the person's address might by now be another's.
    const right = outcome.kind === 'right' && outcome.account.id === account.id
    return right ? null : { status: 400, fault: faults.wrongPassword }
  }
}
