import type { FastifyInstance } from 'fastify'
import type { Membership } from '../../access/accounts/account.ts'
import type { RegisterOutcome } from '../../access/applications/applications.ts'
import { mayRegister } from '../../access/applications/role-rights.ts'
import type { Client } from '../../access/clients/client.ts'
import { randomHex } from '../../lib/random.ts'
import { PageError } from '../../pages/page-error.ts'
import {
  errorSummary,
  type FieldErrors,
  fileField,
  postForm,
  radios,
  select,
  submitButton,
} from '../../pages/form.ts'
import { html } from '../../pages/html.ts'
import { copyable, linkButton, notice, section } from '../../pages/parts.ts'
import { pageRoute } from '../../pages/route.ts'
import { messagesOf } from '../../pages/visitor.ts'
import { withDone } from '../layout.ts'
import type { AccountOptions } from '../options.ts'
import type { AsPerson, Person } from '../person.ts'
import { applicationFields, type GivenFields, parseApplication } from './application-form.ts'
import { authorizationUrls } from './authorization-urls.ts'
import { notManaged, pathOf } from './find-application.ts'
import { parseLogo, readUpload } from './upload.ts'
import { grantableScopes, urlsPart } from './urls-part.ts'

const PATH = '/applications/new'
const LOGO_TYPES = 'image/png,image/jpeg,image/webp'

/** Longer than a form is left open and sent twice. */
const ATTEMPT_MS = 86_400_000

/** `/applications/new`: "Register application", and what comes of it, shown at once. */
export function registerRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { shown, sent }: AsPerson,
): void {
  const { applications, memberships, usedJtis, clock } = options

  /**
   * The customers for which the person may register; none: they are to get one of their own.
   * @throws PageError 403 when they belong to customers, but only look there, or where nobody registers
   */
  async function customersOf(person: Person): Promise<Membership[]> {
    const all = await memberships.of(person.account.id)
    const found = all.filter(({ role }) => mayRegister(role))
    if (all.length > 0 && found.length === 0) throw notManaged(person)
    if (applications.policy.open) return found
    const { title, closed, back } = person.texts.applications
    throw new PageError(403, title, closed, { href: '/applications', label: back })
  }

  /** Whether this form has not been sent yet. Scripts that send none are taken at their word. */
  async function isFirst(accountId: string, attempt: string | null): Promise<boolean> {
    if (attempt === null || !/^[0-9a-f]{32}$/.test(attempt)) return true
    return usedJtis.use(`registration ${accountId}`, attempt, clock.now() + ATTEMPT_MS)
  }

  function showForm(
    person: Person,
    customers: Membership[],
    filled: {
      given: GivenFields
      type: string | null
      customerId: string | null
      errors: FieldErrors
      refusal?: string
    },
  ) {
    const { texts, token, send } = person
    const { form: t } = texts
    const { given, errors, refusal = null } = filled
    const failed = Object.keys(errors).length > 0
    return send({
      status: refusal !== null ? 409 : failed ? 400 : 200,
      title: t.registerTitle,
      width: 'medium',
      current: 'applications',
      body: html`${errorSummary(messagesOf(person.request).faults.title, errors, refusal)}${postForm(
        {
          id: 'register-form',
          action: PATH,
          token,
          // Pressing the button twice must not register twice.
          hidden: { attempt: randomHex(16, options.random) },
          upload: true,
          body: html`${
            customers.length > 1 &&
            select({
              name: 'customer',
              label: t.customer,
              value: filled.customerId,
              options: customers.map(({ customerId, customerName }) => ({
                value: customerId,
                label: customerName,
              })),
              error: errors.customer,
            })
          }${applicationFields(texts, given, errors, {
            scopes: applications.scopes,
            granted: null,
            waiting: [],
          })}${radios({
            name: 'type',
            legend: t.type,
            error: errors.type,
            options: [
              {
                value: 'confidential',
                label: t.confidential,
                hint: t.confidentialHint,
                checked: filled.type !== 'public',
              },
              {
                value: 'public',
                label: t.public,
                hint: t.publicHint,
                checked: filled.type === 'public',
              },
            ],
          })}${fileField({
            name: 'logo',
            label: t.logo,
            hint: t.logoHint,
            accept: LOGO_TYPES,
            error: errors.logo,
          })}${submitButton({ id: 'register', label: t.register })}`,
        },
      )}`,
    })
  }

  app.get(
    PATH,
    pageRoute('applications.new'),
    shown(async (person) => {
      const scopes = applications.scopes.some(({ name }) => name === 'read') ? ['read'] : []
      const given = { name: '', description: '', website: '', redirectUris: '', scopes }
      const customers = await customersOf(person)
      return showForm(person, customers, { given, type: null, customerId: null, errors: {} })
    }),
  )

  app.post(
    PATH,
    pageRoute('applications.register', { quota: 60, windowSeconds: 3_600 }),
    sent(
      PATH,
      async (person, form, request, reply) => {
        const { account, actor, texts } = person
        const customers = await customersOf(person)
        const type = typeOf(form.get('type'))
        const parsed = parseApplication(form, {
          texts,
          type: type ?? 'confidential',
          scopes: applications.scopes,
        })
        const upload = parseLogo(request, texts)
        const customerId = form.get('customer')
        const customer = customers.find((one) => one.customerId === customerId)
        // A form from before the person joined a customer or left one.
        const unclear = customerId === null ? customers.length > 1 : !customer
        const errors: FieldErrors = {
          ...(unclear && { customer: texts.faults.choice(texts.form.customer) }),
          ...parsed.errors,
          ...(type === null && { type: texts.faults.choice(texts.form.type) }),
          ...(upload.fault !== null && { logo: upload.fault }),
        }
        const filled = { given: parsed.given, type, customerId, errors }
        if (type === null || Object.keys(errors).length > 0) {
          return showForm(person, customers, filled)
        }
        if (!(await isFirst(account.id, form.get('attempt')))) {
          return reply.redirect(withDone('/applications', 'registered'), 303)
        }
        const outcome = await applications.register(actor, {
          ...parsed.fields,
          customerId:
            customer?.customerId ??
            customers[0]?.customerId ??
            (await memberships.ownCustomer(actor, account)),
          type,
          logo: upload.logo,
          accountId: account.id,
          contact: account.email,
        })
        switch (outcome.kind) {
          case 'registered':
            return showRegistered(person, outcome, parsed.fields.scopes, options)
          case 'too-many': {
            const refusal = texts.form.tooMany(outcome.maximum)
            return showForm(person, customers, { ...filled, refusal })
          }
          case 'unknown-scope':
            return showForm(person, customers, {
              ...filled,
              errors: { scope: texts.form.scopeFault },
            })
          case 'unknown-customer':
          case 'closed':
            throw notManaged(person)
        }
      },
      { read: readUpload },
    ),
  )
}

/** What the developer needs, at once; the secret this once. */
function showRegistered(
  { texts, send }: Person,
  { client, secret, asked }: Extract<RegisterOutcome, { kind: 'registered' }>,
  scopes: readonly string[],
  options: AccountOptions,
) {
  const { registered: t } = texts
  const waiting = scopes.filter((scope) => !client.scopes.includes(scope)).join(', ')
  const urls = authorizationUrls({
    ...options,
    client,
    scopes: grantableScopes(client, options.apis),
  })
  return send({
    title: t.title(client.displayName),
    current: 'applications',
    copies: true,
    body: html`${secret && notice('warning', t.keep)}${
      asked.kind === 'asked' && notice('info', t.waiting(waiting))
    }${asked.kind === 'too-many-waiting' && notice('warning', t.notAsked(waiting))}${section({
      id: 'credentials',
      title: texts.application.details,
      body: html`${copyable({
        id: 'client-token',
        label: t.token,
        value: options.clientTokens.textOf(client),
      })}${copyable({ id: 'client-id', label: t.client, value: client.id })}${
        secret && copyable({ id: 'client-secret', label: t.secret, value: secret.text })
      }`,
    })}${section({
      id: 'urls',
      title: texts.application.urls,
      body: urlsPart(texts, urls),
    })}${linkButton({ href: pathOf(client.id), id: 'go-on', label: t.next, kind: 'primary' })}`,
  })
}

function typeOf(text: string | null): Client['type'] | null {
  if (text === null) return 'confidential'
  return text === 'confidential' || text === 'public' ? text : null
}
