import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { ROLES, type Role } from '../access/accounts/account.ts'
import { parseDomain } from '../access/identity-providers/email-domain.ts'
import {
  type IdentityProvider,
  PROVIDER_ID_PATTERN,
  type ProviderCredential,
} from '../access/identity-providers/identity-provider.ts'
import type { IdentityProviderChanges } from '../access/identity-providers/identity-providers.ts'
import { InvalidKeyError, parseSigningKey } from '../access/identity-providers/signing-key.ts'
import { readIdentityProviderSecret } from '../config/environment.ts'
import { callbackUrl } from '../sign-in/upstream.ts'
import { addCommand, addGroup, addPaging, page, text } from './define.ts'
import { unknownCustomer } from './customers.ts'
import { lines, table, time } from './output.ts'
import { misused, onData, Refusal, type Session } from './run.ts'

/** `mapgate identity-providers`: customers' own OpenID providers, for single sign-on. */
export function addIdentityProvidersCommand(program: Command): void {
  const providers = addGroup(
    program,
    'identity-providers',
    'Manage identity providers: the OpenID providers of customers, at which their people sign in.',
  )
  addProperties(
    addCommand(
      providers,
      'create <id>',
      'Create an identity provider. Be sure that the e-mail domains are the customer’s: it signs in whoever it likes under them. Its credential is --private-key-file, --client-secret-file or MAPGATE_IDENTITY_PROVIDER_SECRET.',
      [
        'mapgate identity-providers create lund --customer lund --issuer https://login.lund.example --client-id mapgate --domain lund.example --client-secret-file secret.txt',
        'mapgate identity-providers create lund --customer lund --issuer https://login.lund.example --client-id mapgate --domain lund.example --private-key-file key.pem --role-claim groups --role map-admins=admin --required',
      ],
    )
      .requiredOption('--customer <id>', 'whose people sign in there')
      .option('--required', 'people with an address of its domains sign in there and nowhere else'),
  ).action(onData(create))
  addPaging(
    addCommand(providers, 'list', 'List identity providers, by id.', [
      'mapgate identity-providers list --customer lund',
    ]).option('--customer <id>', 'only those of this customer'),
  ).action(onData(list))
  addCommand(providers, 'show <id>', 'Show an identity provider.', [
    'mapgate identity-providers show lund',
  ]).action(onData(show))
  addProperties(
    addCommand(
      providers,
      'change <id>',
      'Change an identity provider. What is left out stays; --domain and --role replace all there were. With another issuer people are recognised by their e-mail address anew.',
      [
        'mapgate identity-providers change lund --domain "lund.example malmo.example"',
        'mapgate identity-providers change lund --not-required',
      ],
    )
      .option('--required', 'people with an address of its domains sign in there and nowhere else')
      .option('--not-required', 'they may sign in by password too')
      .option('--no-role-claim', 'roles are given here alone'),
  ).action(onData(change))
  addCommand(
    providers,
    'delete <id>',
    'Delete an identity provider. Accounts stay; people without a password can set one by “Forgot password”.',
    ['mapgate identity-providers delete lund'],
  ).action(onData(remove))
}

interface Properties {
  issuer?: string
  clientId?: string
  domain?: string[]
  clientSecretFile?: string
  privateKeyFile?: string
  roleClaim?: string | false
  role?: Record<string, Role>
  required?: boolean
  notRequired?: boolean
}

/** What can be given to a new provider and changed later. */
function addProperties(command: Command): Command {
  return command
    .option('--issuer <url>', 'its issuer, exactly as its metadata has it', issuer)
    .option('--client-id <id>', 'what it knows this server as', text(500))
    .option(
      '--domain <domains>',
      'an e-mail domain that it vouches for, repeatable or space-separated',
      domains,
    )
    .option('--client-secret-file <file>', 'a file with the client secret')
    .option(
      '--private-key-file <file>',
      'a file with a private key for private_key_jwt: PEM (PKCS #8) or JWK',
    )
    .option('--role-claim <name>', 'the claim that tells a person’s role', text(200))
    .option(
      `--role <value=role>`,
      `what a value of that claim means, repeatable: ${ROLES.join(', ')}`,
      roles,
    )
}

async function create(
  { access, settings, actor, output }: Session,
  id: string,
  options: Properties & { customer: string },
): Promise<void> {
  if (!new RegExp(PROVIDER_ID_PATTERN).test(id)) {
    misused('the id must have 1 to 64 of the characters a-z 0-9 . _ - and begin with a-z or 0-9')
  }
  const { issuer, clientId, domains: given, ...changes } = changesOf(options)
  const { credential } = changes
  if (issuer === undefined || clientId === undefined || given === undefined) {
    return misused('--issuer, --client-id and --domain are needed')
  }
  if (!credential) {
    return misused(
      'a credential is needed: --private-key-file, --client-secret-file or MAPGATE_IDENTITY_PROVIDER_SECRET',
    )
  }
  const outcome = await access.identityProviders.create(actor, {
    ...changes,
    ...{ id, issuer, clientId, credential, domains: given },
    customerId: options.customer,
  })
  if (outcome.kind === 'unknown-customer') unknownCustomer(options.customer)
  if (outcome.kind === 'exists') {
    throw new Refusal('exists', `There is already an identity provider “${id}”.`)
  }
  if (outcome.kind === 'domain-taken') domainTaken(outcome.domain)
  output.show(...shown(outcome.provider, settings.publicUrl))
}

async function list(
  { access, output }: Session,
  { customer, limit, after }: { customer?: string; limit: number; after?: string },
): Promise<void> {
  if (customer !== undefined && !(await access.customers.find(customer))) unknownCustomer(customer)
  const found = await access.identityProviders.list({
    customerId: customer ?? null,
    after: after ?? null,
    limit: limit + 1,
  })
  const { shown: providers, next } = page(found, limit)
  const rows = providers.map((provider) => [
    provider.id,
    provider.customerId,
    provider.issuer,
    provider.domains.join(' ') || '-',
    provider.required ? 'yes' : 'no',
    time(provider.createdAt),
  ])
  output.show(
    { identityProviders: providers, next },
    rows.length > 0
      ? table(['ID', 'CUSTOMER', 'ISSUER', 'DOMAINS', 'REQUIRED', 'CREATED'], rows)
      : 'No identity providers. “mapgate identity-providers create <id>” makes one.',
  )
  if (next !== null) output.note(`More follow: --after ${next}`)
}

async function show({ access, settings, output }: Session, id: string): Promise<void> {
  const provider = (await access.identityProviders.find(id)) ?? unknownProvider(id)
  output.show(...shown(provider, settings.publicUrl))
}

async function change(
  { access, settings, actor, output }: Session,
  id: string,
  options: Properties,
): Promise<void> {
  const changes = changesOf(options)
  if (Object.keys(changes).length === 0) misused('nothing to change: give at least one option')
  const outcome = await access.identityProviders.change(actor, id, changes)
  if (outcome.kind === 'unknown') unknownProvider(id)
  if (outcome.kind === 'domain-taken') domainTaken(outcome.domain)
  output.show(...shown(outcome.provider, settings.publicUrl))
}

async function remove({ access, actor, output }: Session, id: string): Promise<void> {
  if ((await access.identityProviders.delete(actor, id)) === 'unknown') unknownProvider(id)
  output.show({ id, deleted: true }, `The identity provider ${id} is deleted.`)
}

function changesOf(options: Properties): IdentityProviderChanges {
  const { domain, roleClaim, role, required, notRequired } = options
  if (required && notRequired) misused('--required and --not-required exclude each other')
  const credential = credentialOf(options)
  return {
    ...(options.issuer !== undefined && { issuer: options.issuer }),
    ...(options.clientId !== undefined && { clientId: options.clientId }),
    ...(domain && { domains: domain }),
    ...(roleClaim !== undefined && { roleClaim: roleClaim === false ? null : roleClaim }),
    ...(role && { roles: role }),
    ...((required || notRequired) && { required: required === true }),
    ...(credential && { credential }),
  }
}

/** From a file or the environment: others on the machine see a command line. */
function credentialOf(options: Properties): ProviderCredential | null {
  const { clientSecretFile, privateKeyFile } = options
  if (clientSecretFile !== undefined && privateKeyFile !== undefined) {
    misused('--client-secret-file and --private-key-file exclude each other')
  }
  if (privateKeyFile !== undefined) {
    try {
      return { kind: 'private-key', key: parseSigningKey(readText(privateKeyFile)) }
    } catch (error) {
      if (!(error instanceof InvalidKeyError)) throw error
      throw new Refusal('invalid-key', `${privateKeyFile}: ${error.message}`)
    }
  }
  const secret =
    clientSecretFile === undefined ? readIdentityProviderSecret() : readText(clientSecretFile)
  if (secret === '') throw new Refusal('no-secret', `${clientSecretFile} is empty.`)
  return secret === null ? null : { kind: 'client-secret', secret }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new Refusal('unreadable-file', `${file} cannot be read (${(cause as Error).message}).`)
  }
}

/** http is for tests on one's own machine; whether it may be requested is the configuration's. */
function issuer(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '')
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && local)
  // OpenID Connect Core §2: an issuer has no query and no fragment.
  if (secure && !/[?#@\s]/.test(value)) return value
  throw new InvalidArgumentError('It must be an https URL without query and fragment.')
}

function domains(value: string, before: readonly string[] = []): string[] {
  const added = value.split(/[\s,]+/).filter((word) => word !== '')
  const parsed = added.map((word) => {
    const domain = parseDomain(word)
    if (domain === null) throw new InvalidArgumentError(`“${word}” is no domain.`)
    return domain
  })
  return [...new Set([...before, ...parsed])]
}

function roles(value: string, before: Record<string, Role> = {}): Record<string, Role> {
  const equals = value.lastIndexOf('=')
  const role = ROLES.find((name) => name === value.slice(equals + 1))
  if (equals < 1 || !role) {
    throw new InvalidArgumentError(`It must be <value>=<role>; roles are ${ROLES.join(', ')}.`)
  }
  return { ...before, [value.slice(0, equals)]: role }
}

function shown(provider: IdentityProvider, publicUrl: string): [object, string] {
  const redirectUri = callbackUrl(publicUrl, provider.id)
  return [
    { ...provider, redirectUri },
    lines({
      id: provider.id,
      customer: provider.customerId,
      issuer: provider.issuer,
      'client id': provider.clientId,
      credential: provider.credentialKind === 'private-key' ? 'private key' : 'client secret',
      'e-mail domains': provider.domains.join(' ') || 'none',
      'role claim': provider.roleClaim ?? 'none',
      ...(provider.roleClaim !== null && {
        roles:
          Object.entries(provider.roles)
            .map(([value, role]) => `${value}=${role}`)
            .join(' ') || 'none: all are viewers',
      }),
      required: provider.required ? 'yes' : 'no',
      'redirect URI to register there': redirectUri,
      created: time(provider.createdAt),
    }),
  ]
}

function unknownProvider(id: string): never {
  throw new Refusal(
    'unknown-identity-provider',
    `There is no identity provider “${id}” (mapgate identity-providers list shows them).`,
  )
}

function domainTaken(domain: string): never {
  throw new Refusal('domain-taken', `The domain ${domain} belongs to another identity provider.`)
}
