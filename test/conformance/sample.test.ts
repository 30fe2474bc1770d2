import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { mapgate, type Sample, startSampleServer } from '../support/server.ts'
import { answerOf, bearer, getToken } from './requests.ts'

describe('the sample’s CityGov', () => {
  /** Started for the second time: the first one has imported the data. */
  let server: Awaited<ReturnType<typeof startSampleServer>>
  let headers: Record<string, string>

  beforeAll(async () => {
    server = await startSampleServer()
    const { citygov_client_id: clientId, citygov_client_secret: secret } = server.sample
    headers = bearer(await getToken(server, { clientId, secret }))
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })
  const get = (path: string) => fetch(`${server.url}/maps${path}`, { headers })

  it('is the same at the second start', async () => {
    const file = join(inject('sampleDir'), 'sample.json')
    const first = JSON.parse(readFileSync(file, 'utf8')) as Sample
    const of = (sample: Sample) => [
      sample.citygov_client_id,
      sample.citygov_client_secret,
      sample.citygov_client_token,
    ]
    expect(of(server.sample)).toEqual(of(first))
    const { clients } = await mapgate<{ clients: { id: string }[] }>(
      server,
      ...['clients', 'list', '--customer', 'citygov'],
    )
    expect(clients.map(({ id }) => id)).toEqual([first.citygov_client_id])
  })

  it('sees Madison and its county, and is told nothing of others', async () => {
    const places = await answerOf(get('/collections/places/items'))
    expect(places.body).toMatchObject({ numberMatched: 6 })
    const dane = await answerOf(get('/collections/counties/items/55025'))
    expect(dane).toMatchObject({ status: 200, body: { properties: { name: 'Dane' } } })
    expect((await get('/collections/counties/items/17031')).status).toBe(404)
    const { body: found } = await answerOf(get('/search?q=dane&collections=counties'))
    expect(found.features).toMatchObject([{ id: '55025' }])
    expect((await get('/tiles/counties/10/257/375.pbf')).status).toBe(200)
    expect((await get('/tiles/counties/10/262/380.pbf')).status).toBe(204)
  })

  it('stands in the lines to paste', () => {
    const { citygov_client_id, citygov_client_secret } = server.sample
    expect(server.log()).toContain(
      `-d client_id=${citygov_client_id} -d client_secret=${citygov_client_secret}`,
    )
    expect(server.log()).toContain(`"${server.url}/maps/collections/counties/items/17031"`)
  })
})
