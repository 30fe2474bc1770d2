import type { FastifyReply } from 'fastify'
import { html } from '../../pages/html.ts'
import { sendPage } from '../../pages/page.ts'
import { FORM_POST_SCRIPT_PATH } from './form-post.ts'
import { messagesOf } from '../../pages/visitor.ts'
import type { Destination } from './target.ts'

/** The parameters of an answer; null: left out. */
export type AnswerParameters = Readonly<Record<string, string | null>>

/**
 * Sends the browser to the client with the answer (RFC 6749 §4.1.2): by 303, so that no form is sent
 * along (RFC 9700 §4.12), or by a page whose form goes there.
 */
export function sendAnswer(
  reply: FastifyReply,
  { redirectUri, responseMode, state }: Destination,
  parameters: AnswerParameters,
): void {
  const pairs = Object.entries({ ...parameters, state }).filter(
    (pair): pair is [string, string] => pair[1] !== null,
  )
  if (responseMode === 'form_post') {
    sendFormPost(reply, redirectUri, pairs)
    return
  }
  const query = new URLSearchParams(pairs).toString()
  // To the letter: what the client registered is not written anew by a URL parser.
  const separator = responseMode === 'fragment' ? '#' : redirectUri.includes('?') ? '&' : '?'
  sendTo(reply, `${redirectUri}${separator}${query}`)
}

/** Sends the browser on; the code is a secret, and so is where a sign-in is under way. */
export function sendTo(reply: FastifyReply, location: string): void {
  void reply
    .code(303)
    .headers({ location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    .send()
}

/** OAuth 2.0 Form Post Response Mode §2. */
function sendFormPost(reply: FastifyReply, action: string, pairs: [string, string][]): void {
  const messages = messagesOf(reply.request)
  const { authorize } = messages
  sendPage(reply, {
    title: authorize.formPostTitle,
    messages,
    body: html`<p>${authorize.formPost}</p>
      <form id="form-post" method="post" action="${action}">
        ${pairs.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
        <button type="submit" id="continue">${authorize.formPostSubmit}</button>
      </form>`,
    formsLeave: true,
    scripts: [FORM_POST_SCRIPT_PATH],
  })
}
