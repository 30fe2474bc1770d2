import type { FastifyReply } from 'fastify'
import type { WayOut } from '../../pages/errors.ts'
import { type Html, html } from '../../pages/html.ts'
import { sendPage } from '../../pages/page.ts'
import { linkButton } from '../../pages/parts.ts'
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
  destination: Destination,
  parameters: AnswerParameters,
): void {
  if (destination.responseMode === 'form_post') sendFormPost(reply, destination, parameters)
  else sendTo(reply, locationOf(destination, parameters))
}

/** The answer as what the person may send by themselves. */
export function offeredAnswer(
  destination: Destination,
  parameters: AnswerParameters,
  label: string,
): WayOut {
  if (destination.responseMode !== 'form_post') {
    const href = locationOf(destination, parameters)
    return { body: linkButton({ id: 'to-application', href, label }), formsLeave: false }
  }
  return { body: formOf(destination, parameters, label), formsLeave: true }
}

function locationOf(destination: Destination, parameters: AnswerParameters): string {
  const { redirectUri, responseMode } = destination
  const query = new URLSearchParams(pairsOf(destination, parameters)).toString()
  // To the letter: what the client registered is not written anew by a URL parser.
  const separator = responseMode === 'fragment' ? '#' : redirectUri.includes('?') ? '&' : '?'
  return `${redirectUri}${separator}${query}`
}

const pairsOf = ({ state }: Destination, parameters: AnswerParameters) =>
  Object.entries({ ...parameters, state }).filter(
    (pair): pair is [string, string] => pair[1] !== null,
  )

/** Sends the browser on; the code is a secret, and so is where a sign-in is under way. */
export function sendTo(reply: FastifyReply, location: string): void {
  void reply
    .code(303)
    .headers({ location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    .send()
}

/** OAuth 2.0 Form Post Response Mode §2. */
function sendFormPost(
  reply: FastifyReply,
  destination: Destination,
  parameters: AnswerParameters,
): void {
  const messages = messagesOf(reply.request)
  const { authorize } = messages
  sendPage(reply, {
    title: authorize.formPostTitle,
    messages,
    body: html`<p>${authorize.formPost}</p>
      ${formOf(destination, parameters, authorize.formPostSubmit)}`,
    formsLeave: true,
    scripts: [FORM_POST_SCRIPT_PATH],
  })
}

const formOf = (destination: Destination, parameters: AnswerParameters, label: string): Html =>
  html`<form id="form-post" method="post" action="${destination.redirectUri}">
    ${pairsOf(destination, parameters).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    )}
    <button type="submit" id="continue">${label}</button>
  </form>`
