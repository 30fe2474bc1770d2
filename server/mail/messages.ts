import type { MailMessage } from './mail.ts'

/**
 * What Mapgate writes to people, in plain text. Whoever signs up may name any address and any name,
 * so mails to addresses that nobody has confirmed tell no names, and other names are made harmless.
 */
export interface Messages {
  /** After a sign-up. */
  confirmEmail(to: string, options: { link: string }): MailMessage
  /** After a sign-up with an e-mail that has an account. @param link to the page that resets a password */
  knownEmail(to: string, options: { name: string; link: string }): MailMessage
  resetPassword(to: string, options: { name: string; link: string }): MailMessage
  invitation(
    to: string,
    options: { customerName: string; role: string; invitedBy: string | null; link: string },
  ): MailMessage
  /** @param link to the page that resets a password, as in the five that follow */
  passwordChanged(to: string, options: { name: string; link: string }): MailMessage
  /** @param what in words: `a passkey` */
  signInMethodAdded(to: string, options: { name: string; what: string; link: string }): MailMessage
  signInMethodRemoved(
    to: string,
    options: { name: string; what: string; link: string },
  ): MailMessage
  /** By an operator. */
  secondFactorsReset(to: string, options: { name: string; link: string }): MailMessage
  /** @param left how many codes are not used yet @param link to the page that makes new ones */
  recoveryCodeUsed(to: string, options: { name: string; left: number; link: string }): MailMessage
  /** To the address that an account is to have from now on. */
  newEmail(to: string, options: { link: string }): MailMessage
  /** In place of it, where that address has an account already. */
  newEmailTaken(to: string): MailMessage
  /** To the address before. */
  emailChanged(to: string, options: { name: string; newEmail: string; link: string }): MailMessage
  accountDeleted(to: string, options: { name: string }): MailMessage
}

/** @param product what the installation is called */
export function createMessages(product: string): Messages {
  const message = (
    to: string,
    subject: string,
    paragraphs: readonly string[],
    link?: string,
  ): MailMessage => ({
    to,
    subject: `${product}: ${subject}`,
    text: `${[...paragraphs, `-- \n${product}`].join('\n\n')}\n`,
    ...(link !== undefined && { link }),
  })
  const hello = (name: string) => `Hello ${harmless(name)},`
  const notYou = (link: string) =>
    `If that was not you, set a new password at once, and look at your sessions and sign-in methods then:\n${link}`

  return {
    confirmEmail: (to, { link }) =>
      message(
        to,
        'confirm your e-mail address',
        [
          'Hello,',
          `to finish signing up, open this link within 24 hours:\n${link}`,
          'If you did not sign up, do nothing: without the link the account cannot be used.',
        ],
        link,
      ),

    knownEmail: (to, { name, link }) =>
      message(
        to,
        'you have an account already',
        [
          hello(name),
          'someone, probably you, signed up with this address, which has an account already. Nothing was changed: sign in as before.',
          `If you forgot your password, set a new one:\n${link}`,
        ],
        link,
      ),

    resetPassword: (to, { name, link }) =>
      message(
        to,
        'set a new password',
        [
          hello(name),
          `to set a new password, open this link within an hour. It works once:\n${link}`,
          'If you did not ask for it, do nothing: your password stays as it is.',
        ],
        link,
      ),

    invitation: (to, { customerName, role, invitedBy, link }) =>
      message(
        to,
        'an invitation',
        [
          'Hello,',
          `${invitedBy === null ? 'you are' : `${harmless(invitedBy)} has`} invited${invitedBy === null ? '' : ' you'} to “${harmless(customerName)}”, as ${role}.`,
          `To accept, open this link within 7 days. It works once:\n${link}`,
          'If you do not know what this is about, do nothing.',
        ],
        link,
      ),

    passwordChanged: (to, { name, link }) =>
      message(to, 'your password was changed', [
        hello(name),
        'the password of your account was changed.',
        notYou(link),
      ]),

    signInMethodAdded: (to, { name, what, link }) =>
      message(to, 'a way to sign in was added', [
        hello(name),
        `${harmless(what)} was added to your account.`,
        notYou(link),
      ]),

    signInMethodRemoved: (to, { name, what, link }) =>
      message(to, 'a way to sign in was removed', [
        hello(name),
        `${harmless(what)} was removed from your account.`,
        notYou(link),
      ]),

    secondFactorsReset: (to, { name, link }) =>
      message(to, 'your second factors were removed', [
        hello(name),
        `those who run ${product} removed the second factors of your account: authenticator app, passkeys and recovery codes. You are signed out everywhere, and sign in with your password alone now. Set up a new second factor then.`,
        `If you have no password, set one. If you did not ask for this, set a new one at once, and ask those who run ${product}:\n${link}`,
      ]),

    recoveryCodeUsed: (to, { name, left, link }) =>
      message(to, 'a recovery code was used', [
        hello(name),
        `somebody signed in to your account with your password and one of your recovery codes. ${
          left === 0 ? 'It was the last one.' : left === 1 ? 'One is left.' : `${left} are left.`
        }`,
        ...(left <= 2 ? [`Make new ones while you are signed in:\n${link}`] : []),
        `If that was not you, set a new password at once, and make new recovery codes:\n${link}`,
      ]),

    newEmail: (to, { link }) =>
      message(
        to,
        'confirm your new e-mail address',
        [
          'Hello,',
          `to use this address for your account, open this link within 24 hours. You must be signed in:\n${link}`,
          'If you did not ask for it, do nothing.',
        ],
        link,
      ),

    newEmailTaken: (to) =>
      message(to, 'you have an account already', [
        'Hello,',
        'someone, probably you, wanted to use this address for another account. It has an account already, so nothing was changed.',
      ]),

    emailChanged: (to, { name, newEmail, link }) =>
      message(to, 'your e-mail address was changed', [
        hello(name),
        `the e-mail address of your account is now ${newEmail}.`,
        `If that was not you, ask those who run ${product} for help:\n${link}`,
      ]),

    accountDeleted: (to, { name }) =>
      message(to, 'your account is deleted', [
        hello(name),
        'your account was deleted, with all that belonged to it.',
      ]),
  }
}

const MAXIMUM_NAME = 80

/** On one line, short, and nothing that a mail program makes a link of. */
function harmless(name: string): string {
  return name
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll('/', ' ')
    .replaceAll(/([.@:])(?=\S)/g, '$1 ')
    .trim()
    .slice(0, MAXIMUM_NAME)
}
