import { postForm } from '../../conformance/requests.ts'
import { completeSignIn, newPerson, signIn, signUp } from '../people.ts'
import type { Scene, Stage } from './scene.ts'

function authorizationUrl(
  { server, clientId, callbackUrl }: Stage,
  changes: Record<string, string>,
): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callbackUrl,
    scope: 'read',
    code_challenge: 'c'.repeat(43),
    code_challenge_method: 'S256',
    ...changes,
  })
  return `${server.url}/oauth2/authorize?${query.toString()}`
}

const DETAIL = {
  type: 'map_data',
  actions: ['read', 'upload'],
  collections: ['places'],
  area: {
    type: 'Polygon',
    coordinates: [
      [
        [-89.45, 43.03],
        [-89.32, 43.05],
        [-89.3, 43.1],
        [-89.38, 43.13],
        [-89.46, 43.09],
        [-89.45, 43.03],
      ],
    ],
  },
}

export const consentScene: Scene = async (stage) => {
  const { server, callbackUrl, page, shot, visit } = stage
  const person = newPerson()
  await signUp(server, page, person)
  await page.goto(authorizationUrl(stage, {}))
  await shot('sign-in-client')
  await completeSignIn(page, person)
  await shot('consent')
  await page.click('#allow')
  await page.waitForURL((url) => url.href.startsWith(callbackUrl))
  const more = {
    scope: 'openid profile email offline_access read upload',
    authorization_details: JSON.stringify([DETAIL]),
  }
  await page.goto(authorizationUrl(stage, more))
  await shot('consent-more')
  await page.click('#not-you')
  await shot('signed-out-of-a-request')

  await signIn(server, page, person)
  // The script would send the form on at once.
  await page.route('**/assets/form-post.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: '' }),
  )
  await page.goto(authorizationUrl(stage, { response_mode: 'form_post' }))
  await shot('form-post')
  await visit('account-consents', '/account/consents')
}

export const deviceScene: Scene = async (stage) => {
  const { server, deviceClientId, page, shot, visit } = stage
  const person = newPerson()
  await signUp(server, page, person)
  await signIn(server, page, person)
  await visit('device', '/device')
  await page.fill('#user_code', 'BBBB-BBBB')
  await page.click('#submit')
  await shot('device-wrong')
  for (const [decision, name] of [
    ['allow', 'device-allowed'],
    ['deny', 'device-denied'],
  ] as const) {
    const fields = { client_id: deviceClientId, scope: 'read' }
    const answer = await postForm(`${server.url}/oauth2/device`, fields)
    const begun = (await answer.json()) as { verification_uri_complete: string }
    await page.goto(begun.verification_uri_complete)
    await page.click('#submit')
    if (decision === 'allow') await shot('device-consent')
    await page.click(`#${decision}`)
    await shot(name)
  }
}
