import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CreateOutcome } from '../../access/secrets/secrets.ts'
import {
  checkbox,
  type FieldErrors,
  postForm,
  select,
  submitButton,
  textField,
} from '../../pages/form.ts'
import { type Html, html } from '../../pages/html.ts'
import { badge, copyable, linkButton, notice, table, timeElement } from '../../pages/parts.ts'
import { pageRoute } from '../../pages/route.ts'
import { parseLine } from '../fields.ts'
import { withDone } from '../layout.ts'
import type { AccountOptions } from '../options.ts'
import type { AsPerson, Person } from '../person.ts'
import type { SecretsPart, ShowApplication } from './application.ts'
import {
  type FindApplication,
  idOf,
  notManaged,
  type OwnApplication,
  pathOf,
} from './find-application.ts'

const DAY = 86_400_000
const LIFETIMES = ['never', '30', '90', '365'] as const
const OVERLAPS = ['86400', '604800', '3600', '0'] as const

/** The secrets: listed, created, replaced and deleted. A text is shown in the answer to its creation alone. */
export function secretRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { sent }: AsPerson,
  find: FindApplication,
  show: ShowApplication,
): void {
  const { secrets, clock } = options
  const limit = { quota: 120, windowSeconds: 3_600 }
  const back = (request: FastifyRequest) => pathOf(idOf(request))

  /** The page again, with what keeps a secret from being made. */
  function refuse(
    person: Person,
    application: OwnApplication,
    outcome: Exclude<CreateOutcome, { kind: 'created' }>,
  ) {
    if (outcome.kind !== 'too-many') throw notManaged(person)
    const refusal = person.texts.application.tooManySecrets(outcome.maximum)
    return show(person, application, {}, { status: 409, refusal })
  }

  app.post(
    '/applications/:id/secrets',
    pageRoute('applications.createSecret', limit),
    sent(back, async (person, form, request) => {
      const application = await find.manageable(person, idOf(request))
      const { texts, actor } = person
      const lifetime = LIFETIMES.find((one) => one === (form.get('lifetime') ?? 'never'))
      const { application: t, faults } = texts
      const description = parseLine(form.get('secret_description'), texts, t.secretDescription, 200)
      const errors: FieldErrors = {
        ...(description.fault !== null && { secret_description: description.fault }),
        ...(!lifetime && { lifetime: faults.choice(t.lifetime) }),
      }
      if (description.fault !== null || !lifetime) return show(person, application, {}, { errors })
      const outcome = await secrets.create(actor, application.client.id, {
        description: description.value,
        expiresAt: lifetime === 'never' ? null : clock.now() + Number(lifetime) * DAY,
      })
      if (outcome.kind !== 'created') return refuse(person, application, outcome)
      return showSecret(person, application, outcome.text, 0)
    }),
  )

  app.post(
    '/applications/:id/secrets/roll',
    pageRoute('applications.rollSecrets', limit),
    sent(back, async (person, form, request) => {
      const application = await find.manageable(person, idOf(request))
      const { texts, actor } = person
      const { application: t, faults } = texts
      const overlap = OVERLAPS.find((one) => one === (form.get('overlap') ?? '86400'))
      const description = parseLine(form.get('roll_description'), texts, t.secretDescription, 200)
      const errors: FieldErrors = {
        ...(description.fault !== null && { roll_description: description.fault }),
        ...(!overlap && { overlap: faults.choice(t.overlap) }),
      }
      if (description.fault !== null || !overlap) return show(person, application, {}, { errors })
      const outcome = await secrets.roll(actor, application.client.id, {
        description: description.value,
        overlapSeconds: Number(overlap),
        revokeTokens: form.get('revoke_tokens') !== null,
      })
      if (outcome.kind !== 'created') return refuse(person, application, outcome)
      return showSecret(person, application, outcome.text, outcome.retired.length)
    }),
  )

  app.post(
    '/applications/:id/secrets/delete',
    pageRoute('applications.deleteSecret', limit),
    sent(back, async (person, form, request, reply) => {
      const { client } = await find.manageable(person, idOf(request))
      await secrets.delete(person.actor, client.id, form.get('secret') ?? '', {
        revokeTokens: true,
        deleteCreated: false,
      })
      return reply.redirect(withDone(pathOf(client.id), 'secret-deleted'), 303)
    }),
  )
}

function showSecret(
  { texts, send }: Person,
  { client }: OwnApplication,
  text: string,
  retired: number,
) {
  const { application: t } = texts
  return send({
    title: t.secretTitle,
    width: 'medium',
    current: 'applications',
    copies: true,
    body: html`${notice('warning', t.secretKeep)}
    ${copyable({ id: 'client-id', label: texts.registered.client, value: client.id })}
    ${copyable({ id: 'client-secret', label: texts.registered.secret, value: text })}
    ${retired > 0 && html`<p>${t.secretOthers(retired)}</p>`}
    ${linkButton({ href: pathOf(client.id), id: 'go-on', label: t.back, kind: 'primary' })}`,
  })
}

export function secretsPart({ person, application, errors, secrets }: SecretsPart): Html {
  const { texts, token } = person
  const { application: t } = texts
  const { client, manages } = application
  if (client.type === 'public') return html`<p>${t.secretsPublic}</p>`
  const path = `${pathOf(client.id)}/secrets`
  const columns = [t.secret, t.secretDescription, t.created, t.expires, t.lastUsed, t.state]
  const list =
    secrets.length === 0
      ? html`<p>${t.secretsNone}</p>`
      : table({
          caption: t.secrets,
          columns: manages
            ? [...columns, html`<span class="hidden">${t.deleteSecret}</span>`]
            : columns,
          rows: secrets.map((secret) => [
            html`<code>${secret.hint}</code>`,
            secret.description,
            timeElement(secret.createdAt),
            secret.expiresAt === null ? t.never : timeElement(secret.expiresAt),
            secret.lastUsedAt === null ? t.never : timeElement(secret.lastUsedAt),
            badge(secret.state === 'active' ? 'good' : 'warning', t.states[secret.state]),
            ...(manages
              ? [
                  postForm({
                    id: `delete-secret-${secret.id}-form`,
                    action: `${path}/delete`,
                    token,
                    hidden: { secret: secret.id },
                    inline: true,
                    body: submitButton({
                      id: `delete-secret-${secret.id}`,
                      label: html`${t.deleteSecret}<span class="hidden"
                          >: ${secret.description}</span
                        >`,
                      kind: 'link',
                    }),
                  }),
                ]
              : []),
          ]),
        })
  if (!manages) return list
  const wrong = (...names: string[]) => (names.some((name) => errors[name]) ? html` open` : '')
  return html`${list}<details${wrong('secret_description', 'lifetime')}>
      <summary>${t.newSecret}</summary>
      ${postForm({
        id: 'create-secret-form',
        action: path,
        token,
        body: html`${textField({
          name: 'secret_description',
          label: t.newSecretDescription,
          maxLength: 200,
          required: true,
          autocomplete: 'off',
          error: errors.secret_description,
        })}${select({
          name: 'lifetime',
          label: t.lifetime,
          options: LIFETIMES.map((value) => ({ value, label: t.lifetimes[value] })),
          error: errors.lifetime,
        })}${submitButton({ id: 'create-secret', label: t.create })}`,
      })}
    </details>
    <details${wrong('roll_description', 'overlap')}>
      <summary>${t.rollTitle}</summary>
      ${postForm({
        id: 'roll-form',
        action: `${path}/roll`,
        token,
        body: html`<p class="hint">${t.rollText}</p>
          ${textField({
            name: 'roll_description',
            label: t.newSecretDescription,
            maxLength: 200,
            required: true,
            autocomplete: 'off',
            error: errors.roll_description,
          })}${select({
            name: 'overlap',
            label: t.overlap,
            options: OVERLAPS.map((value) => ({ value, label: t.overlaps[value] })),
            error: errors.overlap,
          })}${checkbox({ name: 'revoke_tokens', label: t.endTokens })}${submitButton({
            id: 'roll-secrets',
            label: t.roll,
          })}`,
      })}
    </details>`
}
