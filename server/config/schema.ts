import { type Static, Type } from 'typebox'

/**
 * Everything that can be configured. `load.ts` reads it from `mapgate.yaml` and the environment,
 * `docs/configuration.md` is generated from it. Keys that hold secrets are not here (`environment.ts`).
 */

const quota = Type.Object(
  {
    quota: Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'Calls allowed.' }),
    windowSeconds: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      description: 'In any window of this many seconds.',
    }),
  },
  { additionalProperties: false },
)

const apiScope = Type.Object(
  {
    name: Type.String({
      pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$',
      description: 'The scope, unique among all APIs (RFC 6749 §3.3).',
    }),
    description: Type.String({ description: 'What it permits, in words for people.' }),
  },
  { additionalProperties: false },
)

const api = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$', description: 'Its name in commands.' }),
    audience: Type.String({
      minLength: 1,
      description: 'The `aud` of its tokens and its `resource` value (RFC 8707): an absolute URI.',
    }),
    aliases: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Other names of it, before `/.default` and as `resource`.',
    }),
    scopes: Type.Array(apiScope, { default: [], description: 'The scopes that it declares.' }),
  },
  { additionalProperties: false },
)

export const configSchema = Type.Object(
  {
    publicUrl: Type.String({
      default: '',
      description:
        'The URL under which clients reach this server, without a path; the issuer. https, except on localhost. Empty: `http://localhost:<port>`, with `tls` `https://localhost:<port>`.',
    }),
    host: Type.String({ default: 'localhost', description: 'The address to listen on.' }),
    port: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      default: 8080,
      description: 'The port to listen on; 0 takes a free one.',
    }),
    dataDir: Type.String({
      default: './data',
      minLength: 1,
      description: 'The folder of the SQLite files, the master key and `sample.json`.',
    }),
    trustedProxies: Type.Array(Type.String(), {
      default: [],
      description:
        'Addresses or CIDR ranges of proxies whose `X-Forwarded-For` tells the caller’s address.',
    }),
    tls: Type.Optional(
      Type.Object(
        {
          certificateFile: Type.String({ description: 'PEM file of the certificate chain.' }),
          keyFile: Type.String({ description: 'PEM file of its private key.' }),
        },
        { additionalProperties: false, description: 'Serve HTTPS directly.' },
      ),
    ),
    database: Type.Object(
      {
        connections: Type.Integer({
          minimum: 2,
          maximum: 200,
          default: 10,
          description: 'Connections to Postgres, at most.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    tokens: Type.Object(
      {
        defaultLifetimeSeconds: Type.Integer({
          minimum: 60,
          maximum: 86_400,
          default: 3_600,
          description: 'How long access tokens of a new client live.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    refreshTokens: Type.Object(
      {
        idleDays: Type.Integer({
          minimum: 1,
          maximum: 3_650,
          default: 30,
          description: 'How long a refresh token lives unless it is used.',
        }),
        absoluteDays: Type.Integer({
          minimum: 1,
          maximum: 3_650,
          default: 365,
          description:
            'How long an application may go on without the person, however often it refreshes.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    dpop: Type.Object(
      {
        nonces: Type.Boolean({
          default: true,
          description:
            'Whether DPoP proofs must hold a nonce of this server (RFC 9449 §8), so that none can be made beforehand.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    sessions: Type.Object(
      {
        idleMinutes: Type.Integer({
          minimum: 5,
          maximum: 10_080,
          default: 120,
          description: 'How long a person stays signed in without opening a page.',
        }),
        absoluteHours: Type.Integer({
          minimum: 1,
          maximum: 720,
          default: 168,
          description: 'How long a person stays signed in at most.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    mail: Type.Object(
      {
        from: Type.String({
          pattern: '^$|^[^\\r\\n]*@[^\\r\\n]+$',
          maxLength: 320,
          default: '',
          description:
            'The sender of mails, as `Name <address>`. Empty: `no-reply@` and the host of `publicUrl`. How they are sent: `MAPGATE_SMTP_URL`.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    signing: Type.Object(
      {
        algorithm: Type.Enum(['ES256', 'EdDSA', 'PS256', 'RS256'], {
          default: 'ES256',
          description: 'How tokens are signed; a client may ask for RS256 instead.',
        }),
        rotateAfterDays: Type.Integer({
          minimum: 1,
          maximum: 3_650,
          default: 90,
          description: 'How long a key signs before the next one takes over.',
        }),
        announceSeconds: Type.Integer({
          minimum: 0,
          maximum: 604_800,
          default: 86_400,
          description: 'How long before it signs a key is shown in the JWKS.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    secrets: Type.Object(
      {
        maximumPerClient: Type.Integer({
          minimum: 2,
          maximum: 1_000,
          default: 50,
          description: 'Usable secrets a client may have.',
        }),
        defaultOverlapSeconds: Type.Integer({
          minimum: 0,
          maximum: 2_592_000,
          default: 86_400,
          description: 'How long the old secrets go on working after a roll that does not say.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    clientRequests: Type.Object(
      {
        open: Type.Boolean({
          default: true,
          description: 'Whether anyone may request a client at `POST /client-requests`.',
        }),
        maximumWaiting: Type.Integer({
          minimum: 1,
          maximum: 100_000,
          default: 1_000,
          description: 'Requests that may wait for a decision.',
        }),
        deliveryHours: Type.Integer({
          minimum: 1,
          maximum: 720,
          default: 72,
          description: 'How long the link that reveals an approved client’s secret works.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    selfService: Type.Object(
      {
        open: Type.Boolean({
          default: true,
          description: 'Whether people may register applications of their customers by themselves.',
        }),
        scopes: Type.Array(Type.String({ minLength: 1 }), {
          default: ['read', 'write', 'upload'],
          description:
            'Scopes that a registered application gets at once; any other waits for an operator (`mapgate requests`). A person’s own consent and rights bound what comes of them. `manage` and `operate` are never among them.',
        }),
        maximumPerCustomer: Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: 50,
          description: 'Clients a customer may have for its people to register one more.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    registration: Type.Object(
      {
        open: Type.Boolean({
          default: false,
          description:
            'Whether public clients may register themselves (RFC 7591) without an initial access token (`mapgate registration-tokens`).',
        }),
        customer: Type.String({
          pattern: '^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$',
          default: 'registered',
          description:
            'The id of the customer that owns clients which register themselves without a token, or by a metadata document; made when it is needed.',
        }),
        scopes: Type.Array(Type.String({ minLength: 1 }), {
          default: ['read'],
          description:
            'Scopes that clients may have which register themselves; those of OpenID come with the grants that ask a person. `manage` and `operate` are never among them.',
        }),
        maximumOpen: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 10_000,
          description:
            'Clients of that customer that registered themselves, at most. Those of metadata documents are bounded apart, by how many of them nobody has let in.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    clientIdMetadata: Type.Object(
      {
        enabled: Type.Boolean({
          default: false,
          description:
            'Whether a `client_id` may be the https URL of a document that describes the client (OAuth Client ID Metadata Document). Anyone can then put an application of theirs before your people, who are asked for consent.',
        }),
        allowedHosts: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description: 'Hosts whose documents are taken, as `host` or `host:port`; empty: all.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    outbound: Type.Object(
      {
        allowedHosts: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description:
            'Hosts (`host` or `host:port`) that this server may request at internal addresses and by plain http where others name the URL: key sets, metadata documents, identity providers. For development, and for providers in your own network.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    apis: Type.Array(api, {
      default: [],
      description:
        'Further APIs whose servers check the tokens themselves. The map data API (`maps`) and the management API (`management`) are built in.',
    }),
    mapAliases: Type.Array(Type.String({ minLength: 1 }), {
      default: ['https://api.mapiq.com/public'],
      description: 'Other names of the built-in map data API.',
    }),
    limits: Type.Object(
      {
        store: Type.Enum(['memory', 'shared'], {
          default: 'memory',
          description:
            '`memory`: counters in the one server process (a second one refuses to start). `shared`: counters in the database, for several processes on one machine.',
        }),
        default: Type.Intersect([quota], {
          default: { quota: 20, windowSeconds: 60 },
          description: 'For a client on each data endpoint that names no other.',
        }),
        endpoints: Type.Record(Type.String(), quota, {
          default: {},
          description: 'By endpoint name (the `operationId` of the API reference).',
        }),
        clients: Type.Record(
          Type.String(),
          Type.Object(
            {
              total: Type.Optional(quota),
              endpoints: Type.Record(Type.String(), quota, { default: {} }),
            },
            { additionalProperties: false },
          ),
          {
            default: {},
            description: 'By client id: over all endpoints together, and on single ones.',
          },
        ),
      },
      { additionalProperties: false, default: {} },
    ),
    caches: Type.Object(
      {
        clients: Type.Integer({
          minimum: 100,
          maximum: 10_000_000,
          default: 20_000,
          description: 'Clients and secrets kept in memory, each.',
        }),
        accounts: Type.Integer({
          minimum: 100,
          maximum: 10_000_000,
          default: 20_000,
          description: 'People whose tokens are in use, kept in memory.',
        }),
        tokens: Type.Integer({
          minimum: 100,
          maximum: 10_000_000,
          default: 20_000,
          description: 'Tokens whose checked signatures are kept in memory.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    maps: Type.Object(
      {
        workers: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 64,
            description:
              'Threads that draw tiles and read many features, at most. Default: one fewer than the machine has cores.',
          }),
        ),
        tileCacheBytes: Type.Integer({
          minimum: 0,
          maximum: 68_719_476_736,
          default: 67_108_864,
          description: 'Memory for tiles that have been drawn; 0 keeps none.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    imports: Type.Object(
      {
        maximumBytes: Type.Integer({
          minimum: 1_024,
          maximum: 1_099_511_627_776,
          default: 1_073_741_824,
          description:
            'How large a file may be that is sent to be imported. It is kept in the folder `imports` of the data folder meanwhile. The files of one customer that wait may together have four times as much.',
        }),
        maximumSeconds: Type.Integer({
          minimum: 1,
          maximum: 604_800,
          default: 3_600,
          description: 'How long an import of a file that was sent may take, once it is its turn.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    pages: Type.Object(
      {
        name: Type.String({
          minLength: 1,
          maxLength: 60,
          default: 'Mapgate',
          description: 'What sign-in pages and mails call this installation.',
        }),
        logoFile: Type.Optional(
          Type.String({
            description:
              'A picture (SVG, PNG, JPEG or WebP, at most 512 KiB) at the top of each page.',
          }),
        ),
        colour: Type.String({
          pattern: '^#[0-9a-fA-F]{6}$',
          default: '#0b63c5',
          description:
            'Of buttons and links, as `#rrggbb`; made darker or lighter where text on it or beside it would be hard to read.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    dialects: Type.Object(
      {
        mapiq: Type.Boolean({
          default: true,
          description: 'Serve the Mapiq dialect under `/mapiq`.',
        }),
        mapsindoors: Type.Boolean({
          default: true,
          description: 'Serve the MapsIndoors dialect under `/mapsindoors`.',
        }),
        mapillary: Type.Boolean({
          default: true,
          description: 'Serve the Mapillary dialect under `/mapillary`.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    log: Type.Object(
      {
        level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], {
          default: 'info',
          description: 'The least severe messages to write.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
  },
  { additionalProperties: false },
)

export type Config = Static<typeof configSchema>
