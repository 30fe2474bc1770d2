import { parseEmail } from '../access/accounts/email.ts'
import type { Passwords } from '../access/accounts/passwords.ts'
import { emailField, type FieldErrors, passwordField, textField } from '../pages/form.ts'
import { type Html, html } from '../pages/html.ts'
import type { Messages } from '../pages/messages.ts'
import { passwordFaultOf } from '../pages/password-fault.ts'
import type { Form } from '../protocol/form.ts'

/** Who a form says that a person is. */
export interface Person {
  name: string
  email: string
  password: string
}

/**
 * Reads name, e-mail and new password of a form.
 * @param known what is not asked for, such as the e-mail that an invitation was sent to
 * @returns with `errors` empty, what may be stored; `given` is what to fill in again
 */
export function readPerson(
  form: Form,
  options: { messages: Messages; passwords: Passwords; email?: string },
): { person: Person; given: { name: string; email: string }; errors: FieldErrors } {
  const { messages, passwords } = options
  const { faults } = messages
  const given = { name: form.get('name') ?? '', email: options.email ?? form.get('email') ?? '' }
  const name = given.name.normalize('NFC').trim()
  const email = parseEmail(given.email)
  const password = form.get('password') ?? ''
  const nameFault = judgeName(name, messages)
  const about = { secondFactor: false, email: email ?? '', name }
  const passwordFault =
    password === '' ? faults.password : passwordFaultOf(passwords.judge(password, about), messages)
  return {
    person: { name, email: email ?? '', password },
    given: { name: given.name.slice(0, 100), email: given.email.slice(0, 254) },
    errors: {
      ...(nameFault && { name: nameFault }),
      ...(email === null && { email: faults.email }),
      ...(passwordFault && { password: passwordFault }),
    },
  }
}

/**
 * The fields that `readPerson` reads.
 * @param shown.email null: it is not asked for
 */
export function newPersonFields(
  messages: Messages,
  passwords: Passwords,
  shown: { given: { name: string; email: string | null }; errors: FieldErrors },
): Html {
  const { fields, signUp } = messages
  const { given, errors } = shown
  const about = passwords.judge('', { secondFactor: false })
  return html`${textField({
    name: 'name',
    label: fields.name,
    hint: fields.nameHint,
    value: given.name,
    autocomplete: 'name',
    maxLength: 100,
    required: true,
    error: errors['name'],
  })}
  ${
    given.email !== null &&
    emailField({
      name: 'email',
      label: fields.email,
      value: given.email,
      autocomplete: 'username',
      required: true,
      error: errors['email'],
    })
  }
  ${passwordField({
    name: 'password',
    label: fields.password,
    hint: signUp.passwordHint(about.kind === 'too-short' ? about.minimum : 15),
    autocomplete: 'new-password',
    required: true,
    error: errors['password'],
  })}`
}

/** Names stand in mails and pages: no line breaks, no characters that turn text around. */
function judgeName(name: string, { faults }: Messages): string | null {
  if (name === '') return faults.name
  if (name.length > 100) return faults.nameLong
  return UNFIT.test(name) ? faults.nameCharacters : null
}

/** Joiners are needed by some scripts. */
const UNFIT = /[\p{Cc}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u
