import type { App } from '../../server/app.ts'

/** The cookie of the browser that `postForm` is. */
export const BROWSER = 'b'.repeat(43)

/** A POST of a form that a page of this browser had. @param cookie of a session */
export async function postForm(
  app: App,
  url: string,
  fields: Record<string, string>,
  cookie?: string,
) {
  const session = cookie === undefined ? null : await app.access.sessions.find(cookie)
  return app.http.inject({
    method: 'POST',
    url,
    headers: {
      accept: 'text/html',
      'content-type': 'application/x-www-form-urlencoded',
      cookie: `mapgate-browser=${BROWSER}${cookie ? `; mapgate-session=${cookie}` : ''}`,
    },
    payload: new URLSearchParams({
      form_token: app.http.formTokenOf({ browser: BROWSER, session }),
      ...fields,
    }).toString(),
  })
}
