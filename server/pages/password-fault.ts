import type { PasswordJudgement } from '../access/accounts/passwords.ts'
import type { Messages } from './messages.ts'

/** What a page says of a password that was chosen; null: it is good. */
export function passwordFaultOf(judgement: PasswordJudgement, { faults }: Messages): string | null {
  switch (judgement.kind) {
    case 'good':
      return null
    case 'too-short':
      return faults.passwordShort(judgement.minimum)
    case 'too-long':
      return faults.passwordLong
    case 'common':
      return faults.passwordCommon
    case 'personal':
      return faults.passwordPersonal
  }
}
