import { AuthorizationRequest } from '@openid/appauth/built/src/authorization_request.js'
import { AuthorizationRequestHandler } from '@openid/appauth/built/src/authorization_request_handler.js'
import { AuthorizationServiceConfiguration } from '@openid/appauth/built/src/authorization_service_configuration.js'
import { NodeCrypto } from '@openid/appauth/built/src/node_support/crypto_utils.js'
import { NodeRequestor } from '@openid/appauth/built/src/node_support/node_requestor.js'
import { BasicQueryStringUtils } from '@openid/appauth/built/src/query_string_utils.js'
import {
  GRANT_TYPE_AUTHORIZATION_CODE,
  GRANT_TYPE_REFRESH_TOKEN,
  TokenRequest,
} from '@openid/appauth/built/src/token_request.js'
import { BaseTokenRequestHandler } from '@openid/appauth/built/src/token_request_handler.js'
import { decodeJwt } from 'jose'
import { expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { authorize, createAccount, signIn } from './person.ts'

/** The part of a handler that a browser is for. */
class UrlHandler extends AuthorizationRequestHandler {
  url = ''
  override performAuthorizationRequest(
    configuration: AuthorizationServiceConfiguration,
    request: AuthorizationRequest,
  ): void {
    this.url = this.buildRequestUrl(configuration, request)
  }
  protected override async completeAuthorizationRequest(): Promise<null> {
    return null
  }
}

it('lets @openid/appauth get a code by PKCE for a native app, and refresh', async () => {
  await using server = await startSampleServer()
  const native = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Native', '--public'],
    ...['--grant', 'authorization_code refresh_token', '--scope', 'read'],
    ...['--redirect-uri', 'http://127.0.0.1/cb'],
  )
  await createAccount(server, 'ann@demo.example')
  const ann = await signIn(server, 'ann@demo.example')
  const requestor = new NodeRequestor()
  const configuration = await AuthorizationServiceConfiguration.fetchFromIssuer(
    server.url,
    requestor,
  )
  const redirect_uri = 'http://127.0.0.1:41001/cb'
  const request = new AuthorizationRequest(
    {
      client_id: native.id,
      redirect_uri,
      scope: 'openid read',
      response_type: AuthorizationRequest.RESPONSE_TYPE_CODE,
    },
    new NodeCrypto(),
    true,
  )
  await request.setupCodeVerifier()
  const handler = new UrlHandler(new BasicQueryStringUtils(), new NodeCrypto())
  handler.performAuthorizationRequest(configuration, request)
  const answer = await authorize(ann, handler.url)
  expect(answer.get('state')).toBe(request.state)
  const tokens = new BaseTokenRequestHandler(requestor)
  const shared = { client_id: native.id, redirect_uri }
  const first = await tokens.performTokenRequest(
    configuration,
    new TokenRequest({
      ...shared,
      grant_type: GRANT_TYPE_AUTHORIZATION_CODE,
      code: answer.get('code')!,
      extras: { code_verifier: request.internal!['code_verifier']! },
    }),
  )
  const second = await tokens.performTokenRequest(
    configuration,
    new TokenRequest({
      ...shared,
      grant_type: GRANT_TYPE_REFRESH_TOKEN,
      refresh_token: first.refreshToken!,
    }),
  )
  expect(second.refreshToken).not.toBe(first.refreshToken)
  expect(decodeJwt(second.accessToken)).toMatchObject({ client_id: native.id })
})
