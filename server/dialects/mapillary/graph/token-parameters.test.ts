import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { OAuthError } from '../../../protocol/oauth-error.ts'
import { acceptTokenParameters } from './token-parameters.ts'

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

async function send(body: string | Buffer | null, type: string | null, query = '') {
  const app = Fastify()
  app.decorateRequest('form', null)
  acceptTokenParameters(app)
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof OAuthError ? error.status : 500).send((error as Error).message),
  )
  app.post('/token', async (request) => ({
    form: Object.fromEntries(request.form!.entries()),
    query: request.query,
  }))
  const answer = await app.inject({
    method: 'POST',
    url: `/token${query}`,
    ...(type !== null && { headers: { 'content-type': type } }),
    ...(body !== null && { payload: body }),
  })
  return answer.statusCode === 200
    ? answer.json<{ form: object; query: object }>()
    : `${answer.statusCode} ${answer.body}`
}

describe('the parameters of the token endpoint', () => {
  const form = { grant_type: 'authorization_code', client_id: '4711', code: 'a b' }
  const encoded = new URLSearchParams(form).toString()

  it.each([
    ['JSON', JSON.stringify(form), JSON_TYPE],
    ['JSON with a charset', JSON.stringify(form), `${JSON_TYPE}; charset=utf-8`],
    ['a form', encoded, FORM_TYPE],
    ['a form labelled JSON', encoded, JSON_TYPE],
    ['JSON labelled a form', JSON.stringify(form), FORM_TYPE],
    ['text', encoded, 'text/plain'],
  ])('are read from %s', async (_name, body, type) => {
    expect(await send(body, type)).toEqual({ form, query: {} })
  })

  it('are read from the query, alone or with a body', async () => {
    expect(await send(null, null, `?${encoded}`)).toEqual({ form, query: {} })
    expect(await send('', JSON_TYPE, `?${encoded}`)).toEqual({ form, query: {} })
    expect(
      await send('grant_type=authorization_code&code=a+b', JSON_TYPE, '?client_id=4711&code=a%20b'),
    ).toMatchObject({ form })
  })

  it('keep the digits of a number', async () => {
    expect(await send('{"client_id":9007199254740993001,"state":null}', JSON_TYPE)).toMatchObject({
      form: { client_id: '9007199254740993001' },
    })
  })

  it.each([
    ['{"code":', JSON_TYPE, '', 'neither JSON nor a form'],
    ['{"code":["a"]}', JSON_TYPE, '', 'code must be a text'],
    ['{"code":"\\u0000"}', JSON_TYPE, '', 'code contains a NUL'],
    ['code=a&code=b', FORM_TYPE, '', 'code is repeated'],
    ['code=a', FORM_TYPE, '?code=b', 'code differs'],
    ['code=a', FORM_TYPE, '?client_secret=x', 'client_secret must not be in the URL'],
    ['code=a', FORM_TYPE, '?password=x', 'password must not be in the URL'],
    [Buffer.from([0x63, 0x3d, 0xff]), FORM_TYPE, '', 'not UTF-8'],
  ])('refuse %s', async (body, type, query, message) => {
    expect(await send(body, type, query)).toMatch(new RegExp(`^400 .*${message}`))
  })

  it('have a limit', async () => {
    expect(await send(`code=${'a'.repeat(70_000)}`, FORM_TYPE)).toMatch(/^500 .*large/)
  })
})
