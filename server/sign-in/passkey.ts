import type { FastifyInstance } from 'fastify'
import { PageError } from '../pages/page-error.ts'
import { requireOwnForm } from '../pages/form-token.ts'
import { pageRoute } from '../pages/route.ts'
import { completeSignIn } from './complete.ts'
import { along, type Journey, journeyOf } from './journey.ts'
import { ATTEMPTS } from './limits.ts'
import type { SignInOptions } from './options.ts'
import { type PendingSignIn, pendingSecondFactor, takeStep } from './second-factor.ts'

/**
 * Passkeys, for the script of `pages/passkey-script.ts`: `/sign-in/passkey/options` gives what the
 * browser asks the authenticator, `/sign-in/passkey` takes the answer as a form. With a `step` the
 * passkey is the second factor after a password; without, it is the whole sign-in.
 */
export function passkeyRoutes(app: FastifyInstance, options: SignInOptions): void {
  const { passkeys } = options

  app.post(
    '/sign-in/passkey/options',
    pageRoute('sign-in.passkey-options', ATTEMPTS),
    async (request, reply) => {
      const journey = await journeyOf(request, reply, options)
      const form = requireOwnForm(request, journey.visitor)
      const pending =
        form.get('step') === null ? null : await pendingSecondFactor(request, options, journey)
      const begun = await passkeys.beginAuthentication(
        journey.visitor.browser,
        pending?.account.id ?? null,
      )
      return reply.header('cache-control', 'no-store').send(begun)
    },
  )

  app.post('/sign-in/passkey', pageRoute('sign-in.passkey', ATTEMPTS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const pending: PendingSignIn | null =
      form.get('step') === null ? null : await pendingSecondFactor(request, options, journey)
    const outcome = await passkeys.finishAuthentication(
      journey.visitor.browser,
      form.get('challenge') ?? '',
      parseJson(form.get('response')),
    )
    if (outcome.kind === 'wrong') throw wrongPasskey(journey)
    const { account } = outcome
    if (!account.emailConfirmed) throw wrongPasskey(journey)
    if (!pending) {
      // A challenge for a second factor may be answered without PIN or biometrics: never alone.
      if (!outcome.userVerified) throw wrongPasskey(journey)
      return completeSignIn(request, reply, options, { journey, account, methods: ['hwk', 'mfa'] })
    }
    // A passkey of one's own is no second factor of somebody else.
    if (pending.account.id !== account.id) throw wrongPasskey(journey)
    await takeStep(options, journey, pending.step)
    const methods = ['pwd', 'hwk', 'mfa'] as const
    return completeSignIn(request, reply, options, { journey, account, methods })
  })
}

function wrongPasskey(journey: Journey): PageError {
  const { errors, signIn, secondFactor } = journey.messages
  const link = { href: along(journey, '/sign-in'), label: secondFactor.startOver }
  return new PageError(400, errors.refused, signIn.wrongPasskey, link)
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return null
  }
}
