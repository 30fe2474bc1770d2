import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Session } from '../../access/accounts/session.ts'
import { accountActor } from '../../access/audit/actor.ts'
import type { ResolveClient } from '../../access/clients/client-resolver.ts'
import type { Consents } from '../../access/consents/consent.ts'
import type { DeviceCodes } from '../../access/grants/device-codes.ts'
import { parseUserCode } from '../../access/grants/user-code.ts'
import type { Interaction, Interactions } from '../../access/interactions/interaction.ts'
import { resumeUrl } from '../../access/interactions/interaction.ts'
import { nextStep, stillConsents } from '../../access/interactions/next-step.ts'
import type { Database } from '../../database/database.ts'
import type { LimitCall } from '../../http/route.ts'
import type { Clock } from '../../lib/clock.ts'
import { PageError } from '../../pages/page-error.ts'
import { codeField, errorSummary, postForm, submitButton } from '../../pages/form.ts'
import { formTokenField, requireOwnForm } from '../../pages/form-token.ts'
import { html } from '../../pages/html.ts'
import { sendPage } from '../../pages/page.ts'
import { pageRoute, preparePages } from '../../pages/route.ts'
import { messagesOf, type Visitor, visitorOf } from '../../pages/visitor.ts'
import { networkOf } from '../../protocol/network.ts'

/**
 * Where a person connects a device (RFC 8628 §3.3): `/device` takes the code, and begins an
 * interaction of this browser that goes through the pages of the sign-in and the consent as any
 * other; what the person said there is the device's answer.
 */
export interface DevicePagesOptions {
  deviceCodes: Pick<DeviceCodes, 'findByUserCode' | 'approveIn' | 'denyIn'>
  interactions: Interactions
  consents: Pick<Consents, 'find' | 'holdIn'>
  resolveClient: ResolveClient
  database: Database
  clock: Clock
  /** Counts networks. */
  limitNetwork: LimitCall
}

/** RFC 8628 §5.1: a code has 34 bits and lives ten minutes; this leaves a guesser a hundred tries. */
const ATTEMPTS = { quota: 10, windowSeconds: 60 }

const RESUME_PATH = '/device/resume'

export function devicePages(app: FastifyInstance, options: DevicePagesOptions): void {
  const { deviceCodes, interactions, consents, database, clock } = options
  preparePages(app)

  app.get('/device', pageRoute('device.page'), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    showForm(request, reply, visitor, { code: parameterOf(request, 'user_code') })
    return reply
  })

  app.post('/device', pageRoute('device', ATTEMPTS), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    const form = requireOwnForm(request, visitor)
    await options.limitNetwork(request, reply, `network:${networkOf(request.ip)}`)
    const typed = form.get('user_code') ?? ''
    const userCode = parseUserCode(typed)
    const asked = userCode === null ? null : await deviceCodes.findByUserCode(userCode)
    if (!asked) {
      showForm(request, reply, visitor, { code: typed.slice(0, 20), isWrong: true })
      return reply
    }
    const { browser } = visitor
    const begun = await interactions.begin({ browser, request: asked, resumePath: RESUME_PATH })
    return seeOther(reply, resumeUrl(begun))
  })

  app.get(RESUME_PATH, pageRoute('device.resume'), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    const id = parameterOf(request, 'interaction')
    const interaction = await interactions.find(id, visitor.browser)
    if (!interaction || interaction.request.deviceCode === null) throw gone(request)
    return proceed(request, reply, visitor, interaction)
  })

  app.get('/device/done', pageRoute('device.done'), async (request, reply) => {
    const messages = messagesOf(request)
    const { device } = messages
    const isAllowed = parameterOf(request, 'result') === 'allowed'
    sendPage(reply, {
      title: isAllowed ? device.allowedTitle : device.deniedTitle,
      messages,
      body: html`<p>${isAllowed ? device.allowed : device.denied}</p>`,
    })
    return reply
  })

  /** On to the next page, or to the end. The browser and the person stay the same all the way. */
  async function proceed(
    request: FastifyRequest,
    reply: FastifyReply,
    { browser, session }: Visitor,
    interaction: Interaction,
  ): Promise<FastifyReply> {
    const { id, accountId, clientId } = interaction
    if (session && accountId !== null && accountId !== session.account.id) throw gone(request)
    await database.feed.ensureFresh()
    const client = await options.resolveClient(clientId)
    if (!client || client.suspended || client.customerSuspended) throw gone(request)
    const consent = session && (await consents.find(session.account.id, clientId))
    const step = nextStep(interaction, session, consent, client, clock.now())
    if (!session || step === 'sign-in') return seeOther(reply, `/sign-in?interaction=${id}`)
    if (interaction.sessionId !== session.id) {
      const taken = { id: session.id, accountId: session.account.id }
      if ((await interactions.take(id, browser, taken)) !== 'taken-up') throw gone(request)
    }
    if (step === 'consent') return seeOther(reply, `/consent?interaction=${id}`)
    const result = await finish(request, browser, interaction, session)
    if (result === 'gone') throw gone(request)
    return seeOther(reply, `/device/done?result=${result}`)
  }

  /** One transaction: the device must not wait for an answer that was given. */
  const finish = (
    request: FastifyRequest,
    browser: string,
    interaction: Interaction,
    session: Session,
  ) =>
    database.write(async (write): Promise<'allowed' | 'denied' | 'gone'> => {
      const held = await consents.holdIn(write, session.account.id, interaction.clientId)
      if (!stillConsents(interaction, held)) return 'gone'
      const finished = await interactions.finishIn(write, interaction.id, browser)
      if (!finished || finished.accountId !== session.account.id) return 'gone'
      // The consent is always asked for, so there is always a decision.
      if (finished.decision !== 'allowed') {
        return (await deviceCodes.denyIn(write, finished.request)) === 'denied' ? 'denied' : 'gone'
      }
      const actor = accountActor(session.account.id, request)
      const outcome = await deviceCodes.approveIn(write, actor, finished.request, session)
      return outcome === 'approved' ? 'allowed' : 'gone'
    })

  function showForm(
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: Visitor,
    { code, isWrong = false }: { code: string; isWrong?: boolean },
  ): void {
    const messages = messagesOf(request)
    const { device, faults } = messages
    const error = isWrong ? device.wrong : null
    sendPage(reply, {
      status: isWrong ? 400 : 200,
      title: device.title,
      messages,
      body: html`${error !== null && errorSummary(faults.title, { user_code: error })}
        <p>${device.text}</p>
        ${postForm({
          id: 'device-form',
          action: '/device',
          token: formTokenField(app, visitor),
          body: html`${codeField({
            name: 'user_code',
            label: device.code,
            hint: device.codeHint,
            error,
            value: code,
            digits: false,
            required: true,
            autofocus: true,
          })}
          ${submitButton({ id: 'submit', label: device.submit })}`,
        })}`,
    })
  }
}

function gone(request: FastifyRequest): PageError {
  const { device } = messagesOf(request)
  return new PageError(400, device.goneTitle, device.gone, { href: '/device', label: device.title })
}

function seeOther(reply: FastifyReply, location: string): FastifyReply {
  return reply.code(303).headers({ location, 'cache-control': 'no-store' }).send()
}

function parameterOf(request: FastifyRequest, name: string): string {
  const value = (request.query as Record<string, unknown>)[name]
  return typeof value === 'string' ? value.slice(0, 100) : ''
}
