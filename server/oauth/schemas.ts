import { type TProperties, Type } from 'typebox'

/**
 * The OAuth endpoints as the API reference shows them. Nothing is judged by these: a schema validator
 * cannot choose OAuth's error codes.
 */

export const FORM = 'application/x-www-form-urlencoded'

export const anyObject = Type.Object({}, { additionalProperties: true })

const clientAuthentication = {
  client_id: Type.Optional(
    Type.String({ description: 'Here, or in the Authorization header (Basic).' }),
  ),
  client_secret: Type.Optional(Type.String()),
  client_assertion_type: Type.Optional(
    Type.String({ description: '`urn:ietf:params:oauth:client-assertion-type:jwt-bearer`' }),
  ),
  client_assertion: Type.Optional(Type.String({ description: 'A JWT for `private_key_jwt`.' })),
}

const optionalText = (description: string) => Type.Optional(Type.String({ description }))

const scope = optionalText('Space-separated; or `<API>/.default`; absent: all that is granted.')

const authorizationDetails = optionalText(
  'RFC 9396, a JSON array of objects of the type `map_data`: `actions`, `collections`, `area` (GeoJSON).',
)

export const tokenForm = Type.Object({
  grant_type: Type.String({
    description:
      '`client_credentials`, `authorization_code`, `refresh_token`, `urn:ietf:params:oauth:grant-type:device_code` or `urn:ietf:params:oauth:grant-type:token-exchange`',
  }),
  ...clientAuthentication,
  scope,
  resource: optionalText(
    'The API the token is for (RFC 8707). The management API (`/admin`) without `scope`: a token with which any client manages its own secrets.',
  ),
  code: optionalText('`authorization_code`: the code that came with the redirect.'),
  redirect_uri: optionalText('`authorization_code`: as in the authorization request.'),
  code_verifier: optionalText('`authorization_code`: RFC 7636 §4.5.'),
  refresh_token: optionalText('`refresh_token`'),
  device_code: optionalText('RFC 8628 §3.4'),
  subject_token: optionalText('Token exchange: the access token to narrow (RFC 8693 §2.1).'),
  subject_token_type: optionalText('`urn:ietf:params:oauth:token-type:access_token`'),
  authorization_details: authorizationDetails,
})

export const tokenHintForm = Type.Object({
  token: Type.String(),
  token_type_hint: optionalText('Not needed.'),
  ...clientAuthentication,
})

export const tokenAnswerSchema = Type.Object(
  {
    access_token: Type.String({ description: 'A JWT by RFC 9068.' }),
    token_type: Type.String({ description: 'Bearer, or DPoP for a token that is bound to a key.' }),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    scope: Type.String(),
    refresh_token: optionalText('Where a person let the client act for them.'),
    id_token: optionalText('With the scope `openid`.'),
    not_before: Type.Integer({ description: 'Seconds since the epoch.' }),
    expires_on: Type.Integer({ description: 'Seconds since the epoch.' }),
    resource: Type.String({ description: 'The audience of the token.' }),
  },
  { additionalProperties: true },
)

const authorizationParameters = {
  response_type: Type.Optional(Type.String({ description: '`code`' })),
  client_id: Type.String(),
  redirect_uri: optionalText('Needed when the client has registered more than one.'),
  scope,
  state: optionalText('Comes back as it is.'),
  code_challenge: optionalText('RFC 7636 §4.2.'),
  code_challenge_method: optionalText('`S256`'),
  response_mode: optionalText('`query`, `fragment` or `form_post`'),
  nonce: optionalText('Comes back in the ID token.'),
  prompt: optionalText('`none`, `login`, `consent`, `select_account`'),
  max_age: optionalText('Seconds since the sign-in, at most.'),
  login_hint: optionalText('An e-mail address.'),
  id_token_hint: Type.Optional(Type.String()),
  display: Type.Optional(Type.String()),
  ui_locales: Type.Optional(Type.String()),
  claims: optionalText('OpenID Connect Core §5.5.'),
  acr_values: optionalText('`idp:<name>` chooses an identity provider.'),
  resource: optionalText('RFC 8707'),
  authorization_details: authorizationDetails,
}

export const authorizationQuery = Type.Object({
  ...authorizationParameters,
  request_uri: optionalText('What `/oauth2/par` answered; then only `client_id` is needed.'),
})

export const pushedRequestForm = Type.Object({
  ...authorizationParameters,
  ...clientAuthentication,
  dpop_jkt: optionalText('RFC 9449 §10'),
})

export const pushedRequestAnswer = Type.Object({
  request_uri: Type.String(),
  expires_in: Type.Integer({ description: 'Seconds.' }),
})

export const deviceForm = Type.Object({
  ...clientAuthentication,
  scope,
  resource: optionalText('RFC 8707'),
  authorization_details: authorizationDetails,
})

export const deviceAnswer = Type.Object(
  {
    device_code: Type.String(),
    user_code: Type.String({ description: 'For the person to enter.' }),
    verification_uri: Type.String(),
    verification_uri_complete: Type.String(),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    interval: Type.Integer({ description: 'Seconds between two polls.' }),
  },
  { additionalProperties: true },
)

export const endSessionQuery = Type.Object({
  id_token_hint: optionalText('An ID token of the session; without it the person is asked.'),
  client_id: Type.Optional(Type.String()),
  post_logout_redirect_uri: optionalText('One that the client has registered.'),
  state: optionalText('Comes back as it is.'),
  logout_hint: Type.Optional(Type.String()),
  ui_locales: Type.Optional(Type.String()),
})

export const userinfoSchema = Type.Object(
  {
    sub: Type.String({ description: 'As in the ID token.' }),
    name: optionalText('With the scope `profile`.'),
    email: optionalText('With the scope `email`.'),
    email_verified: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: true },
)

const oauthErrorSchema = (description: string) =>
  Type.Object<TProperties>(
    { error: Type.String(), error_description: Type.Optional(Type.String()) },
    { additionalProperties: true, description },
  )

export const refusals = {
  400: oauthErrorSchema('RFC 6749 §5.2'),
  401: oauthErrorSchema('Client authentication failed.'),
  429: oauthErrorSchema('Too many requests, or too many failed attempts.'),
}

export const tokenRefusals = {
  400: oauthErrorSchema('RFC 6750 §3.1'),
  401: oauthErrorSchema('There is no valid access token.'),
  403: oauthErrorSchema('The token lacks the scope.'),
  429: oauthErrorSchema('Too many requests.'),
}
