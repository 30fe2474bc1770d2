import { describe, expect, it } from 'vitest'
import type { Session } from '../accounts/session.ts'
import type { Client } from '../clients/client.ts'
import type { Consent } from '../consents/consent.ts'
import type { AuthorizationRequest, Interaction } from './interaction.ts'
import { nextStep } from './next-step.ts'

const BEGUN = 1_000_000

const interaction = (
  request: Partial<AuthorizationRequest> = {},
  changes: Partial<Interaction> = {},
): Interaction => ({
  id: 'i',
  clientId: 'c',
  request: {
    profile: 'core',
    issuer: 'https://example.com',
    clientId: 'c',
    redirectUri: 'https://app.example/cb',
    redirectUriGiven: true,
    responseMode: 'query',
    state: null,
    scopes: ['read'],
    audience: [],
    details: [],
    codeChallenge: null,
    nonce: null,
    dpopJkt: null,
    prompts: [],
    maxAge: null,
    loginHint: null,
    hintedAccountId: null,
    providerId: null,
    acrValues: [],
    uiLocales: [],
    display: null,
    claims: null,
    pushedRequest: null,
    deviceCode: null,
    ...request,
  },
  resumePath: '/resume',
  sessionId: null,
  accountId: null,
  decision: null,
  finished: false,
  createdAt: BEGUN,
  expiresAt: BEGUN + 1_800_000,
  ...changes,
})

const session = (changes: Partial<Session> = {}): Session => ({
  id: 's',
  account: {
    id: '7',
    email: 'ann@example.com',
    emailConfirmed: true,
    name: 'Ann',
    hasPassword: true,
    hasTotp: false,
    operator: false,
    suspended: false,
    createdAt: 0,
  },
  authenticatedAt: BEGUN - 60_000,
  methods: ['pwd'],
  providerId: null,
  createdAt: 0,
  lastSeenAt: 0,
  address: null,
  userAgent: '',
  ...changes,
})

const consent: Consent = {
  id: 'x',
  accountId: '7',
  clientId: 'c',
  scopes: ['read'],
  details: [],
  createdAt: 0,
  updatedAt: 0,
}

const step = (
  request: Partial<AuthorizationRequest>,
  options: {
    interaction?: Partial<Interaction>
    session?: Session | null
    consent?: Consent | null
    client?: Pick<Client, 'type'>
    now?: number
  } = {},
) =>
  nextStep(
    interaction(request, options.interaction),
    options.session === undefined ? session() : options.session,
    options.consent === undefined ? consent : options.consent,
    options.client ?? { type: 'confidential' },
    options.now ?? BEGUN,
  )

const fresh = session({ authenticatedAt: BEGUN })
const ageless = session({ authenticatedAt: null })

describe('sign-in comes next', () => {
  it.each([
    ['without a session', {}, { session: null }],
    ['with prompt=login', { prompts: ['login'] }, {}],
    ['with a session that is older than max_age', { maxAge: 59 }, {}],
    ['with max_age=0', { maxAge: 0 }, {}],
    ['with max_age, when nobody knows the age', { maxAge: 3_600 }, { session: ageless }],
    ['with prompt=login, when nobody knows the age', { prompts: ['login'] }, { session: ageless }],
    ['when another account is hinted at', { hintedAccountId: '8' }, {}],
    [
      'when another account is hinted at, however fresh the session',
      { hintedAccountId: '8' },
      { session: fresh },
    ],
    ['when a provider has to vouch', { providerId: 'acme' }, { session: fresh }],
    ['with prompt=select_account, before one was chosen', { prompts: ['select_account'] }, {}],
    ['even after a decision', { prompts: ['login'] }, { interaction: { decision: 'allowed' } }],
  ] as const)('%s', (_name, request, options) => {
    expect(step(request as Partial<AuthorizationRequest>, options)).toBe('sign-in')
  })
})

describe('consent comes next', () => {
  it.each([
    ['when there is none', {}, { consent: null }],
    ['when more is wanted', { scopes: ['read', 'write'] }, {}],
    ['with prompt=consent', { prompts: ['consent'] }, {}],
    [
      'for a public client on the person’s device (RFC 8252 §8.6)',
      { redirectUri: 'http://127.0.0.1:5/cb' },
      { client: { type: 'public' } },
    ],
    ['for a device', { redirectUri: null }, {}],
  ] as const)('%s', (_name, request, options) => {
    expect(step(request as unknown as Partial<AuthorizationRequest>, options)).toBe('consent')
  })
})

describe('it can be finished', () => {
  it.each([
    ['with a session and consent', {}, {}],
    ['with a session young enough', { maxAge: 60 }, {}],
    ['after the sign-in that prompt=login asked for', { prompts: ['login'] }, { session: fresh }],
    [
      'after the sign-in that max_age asked for, however long consent took',
      { maxAge: 0 },
      { session: fresh, now: BEGUN + 600_000 },
    ],
    ['when the hinted account signed in', { hintedAccountId: '7' }, {}],
    [
      'when the provider vouched',
      { providerId: 'acme' },
      { session: session({ providerId: 'acme' }) },
    ],
    [
      'when an account was chosen',
      { prompts: ['select_account'] },
      { interaction: { sessionId: 's' } },
    ],
    [
      'when the person allowed it',
      { prompts: ['consent'] },
      { consent: null, interaction: { decision: 'allowed' } },
    ],
    ['when the person denied it', {}, { consent: null, interaction: { decision: 'denied' } }],
    ['for a public client of the web', {}, { client: { type: 'public' } }],
  ] as const)('%s', (_name, request, options) => {
    expect(step(request as Partial<AuthorizationRequest>, options)).toBe('finish')
  })
})
