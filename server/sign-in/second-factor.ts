import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Account } from '../access/accounts/account.ts'
import { accountActor } from '../access/audit/actor.ts'
import { PageError } from '../pages/page-error.ts'
import { codeField, errorSummary, postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import { sendPage } from '../pages/page.ts'
import { PASSKEY_SCRIPT_PATH, passkeyForm } from '../pages/passkey.ts'
import { pageRoute } from '../pages/route.ts'
import { completeSignIn, seeOther } from './complete.ts'
import { along, type Journey, journeyOf, parameter } from './journey.ts'
import { ATTEMPTS } from './limits.ts'
import type { SignInOptions } from './options.ts'

/** For a person to find their telephone. */
const LIFETIME_MILLISECONDS = 10 * 60_000

/**
 * `/sign-in/second-factor`: after the right password of an account that has a second factor. The step
 * between is a challenge of this browser (`step`), so that neither the page nor the code is worth
 * anything without the password.
 */
export function secondFactorRoutes(app: FastifyInstance, options: SignInOptions): void {
  const path = '/sign-in/second-factor'

  app.get(path, pageRoute('sign-in.second-factor-page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const pending = await pendingSecondFactor(request, options, journey)
    return sendSecondFactor(request, reply, options, journey, pending, null)
  })

  app.post(path, pageRoute('sign-in.second-factor', ATTEMPTS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const pending = await pendingSecondFactor(request, options, journey)
    const { account, step } = pending
    const { faults, secondFactor } = journey.messages
    const code = form.get('code')?.replaceAll(/[\s-]/g, '') ?? null
    const recoveryCode = form.get('recovery_code')?.trim() ?? null
    if (code === null && recoveryCode === null) {
      return sendSecondFactor(request, reply, options, journey, pending, faults.code)
    }
    const right =
      recoveryCode === null
        ? account.hasTotp && (await options.secondFactors.verifyTotp(account.id, code ?? ''))
        : await options.secondFactors.useRecoveryCode(
            accountActor(account.id, request),
            account.id,
            recoveryCode,
          )
    if (!right) {
      return sendSecondFactor(request, reply, options, journey, pending, secondFactor.wrong)
    }
    await takeStep(options, journey, step)
    if (recoveryCode !== null) await warnOfCodesLeft(account, options)
    const methods = ['pwd', 'otp', 'mfa'] as const
    return completeSignIn(request, reply, options, { journey, account, methods })
  })
}

/** By mail: it is their person who must hear of it, also where somebody else has used the code. */
async function warnOfCodesLeft(
  { id, email, name }: Account,
  { secondFactors, mail, mailMessages, publicUrl }: SignInOptions,
): Promise<void> {
  const left = await secondFactors.recoveryCodesLeft(id)
  const link = `${publicUrl}/account/security`
  mail.send(mailMessages.recoveryCodeUsed(email, { name, left, link }))
}

/** Goes on to the page, with the password done. */
export async function beginSecondFactor(
  reply: FastifyReply,
  { challenges }: Pick<SignInOptions, 'challenges'>,
  journey: Journey,
  accountId: string,
): Promise<FastifyReply> {
  const { browser } = journey.visitor
  const step = await challenges.create(
    'second-factor',
    browser,
    accountId,
    {},
    LIFETIME_MILLISECONDS,
  )
  return seeOther(reply, along(journey, '/sign-in/second-factor', { step }))
}

/** A sign-in whose password was right. */
export interface PendingSignIn {
  account: Account
  step: string
}

/** @throws PageError 400 when there is none, or it took too long */
export async function pendingSecondFactor(
  request: FastifyRequest,
  { challenges, accounts }: Pick<SignInOptions, 'challenges' | 'accounts'>,
  journey: Journey,
): Promise<PendingSignIn> {
  const step = parameter(request, 'step')
  const challenge = step && (await challenges.peek(step, 'second-factor', journey.visitor.browser))
  const account = challenge && challenge.accountId && (await accounts.find(challenge.accountId))
  if (!step || !account || account.suspended) throw tookTooLong(journey)
  return { account, step }
}

/** Uses up the step: of several right answers at once, one signs in. @throws PageError 400 */
export async function takeStep(
  { challenges }: Pick<SignInOptions, 'challenges'>,
  journey: Journey,
  step: string,
): Promise<void> {
  if (!(await challenges.take(step, 'second-factor', journey.visitor.browser))) {
    throw tookTooLong(journey)
  }
}

function tookTooLong(journey: Journey): PageError {
  const { expired, expiredAdvice, startOver } = journey.messages.secondFactor
  const link = { href: along(journey, '/sign-in'), label: startOver }
  return new PageError(400, expired, expiredAdvice, link)
}

async function sendSecondFactor(
  request: FastifyRequest,
  reply: FastifyReply,
  options: SignInOptions,
  journey: Journey,
  { account, step }: PendingSignIn,
  fault: string | null,
): Promise<FastifyReply> {
  const { visitor, messages, fields, formsLeave } = journey
  const { secondFactor, faults } = messages
  const hasPasskeys = (await options.passkeys.list(account.id)).length > 0
  const asked = request.form?.get('recovery_code') ?? parameter(request, 'use')
  const byRecoveryCode = asked !== null && asked !== undefined
  const byCode = account.hasTotp && !byRecoveryCode
  const name = byCode ? 'code' : 'recovery_code'
  const token = formTokenField(reply.server, visitor)
  const hidden = { ...fields, step }
  const codeForm = postForm({
    id: 'second-factor-form',
    action: '/sign-in/second-factor',
    token,
    hidden,
    body: html`${codeField({
      name,
      label: byCode ? messages.fields.code : messages.fields.recoveryCode,
      digits: byCode,
      required: true,
      error: fault,
      ...(byCode ? {} : { autocomplete: 'off' }),
      hint: byCode ? null : secondFactor.recoveryText,
    })}
    ${submitButton({ id: 'submit', label: secondFactor.submit })}`,
  })
  const other = byCode
    ? {
        href: along(journey, '/sign-in/second-factor', { step, use: 'recovery' }),
        label: secondFactor.recovery,
      }
    : account.hasTotp
      ? { href: along(journey, '/sign-in/second-factor', { step }), label: secondFactor.back }
      : null
  sendPage(reply, {
    status: fault === null ? 200 : 400,
    title: byRecoveryCode ? secondFactor.recoveryTitle : secondFactor.title,
    messages,
    formsLeave,
    scripts: hasPasskeys ? [PASSKEY_SCRIPT_PATH] : [],
    body: html`${fault !== null && errorSummary(faults.title, { [name]: fault })}
      ${byCode && html`<p class="lead">${secondFactor.text}</p>`}
      ${!account.hasTotp && html`<p class="lead">${secondFactor.passkeyText}</p>`}
      ${
        hasPasskeys &&
        passkeyForm({
          id: 'passkey-form',
          kind: 'get',
          action: '/sign-in/passkey',
          optionsPath: '/sign-in/passkey/options',
          token,
          hidden,
          label: secondFactor.passkey,
          failure: messages.signIn.passkeyFailed,
        })
      }
      ${codeForm}
      <div class="after">
        ${other && html`<p><a id="other-factor" href="${other.href}">${other.label}</a></p>`}
        <p><a id="start-over" href="${along(journey, '/sign-in')}">${secondFactor.startOver}</a></p>
      </div>`,
  })
  return reply
}
