import type { FastifyRequest } from 'fastify'
import { postForm, submitButton, textField } from '../../../pages/form.ts'
import { formTokenField } from '../../../pages/form-token.ts'
import { type Html, html } from '../../../pages/html.ts'
import type { Visitor } from '../../../pages/visitor.ts'
import { MAXIMUM_TOKEN } from './page-token.ts'

/** Where the forms below go. */
export const LOOK_PATH = '/maps/look'
export const STOP_PATH = '/maps/look/stop'

/**
 * Takes a token to look with.
 * @param options.to the path of the page to go on to
 */
export function lookForm(
  { server }: FastifyRequest,
  visitor: Visitor,
  options: { to: string; error?: string },
): Html {
  const { to, error } = options
  return postForm({
    id: 'look-form',
    action: LOOK_PATH,
    token: formTokenField(server, visitor),
    hidden: { to },
    body: html`${textField({
      name: 'access_token',
      label: 'Access token',
      hint: 'Your browser keeps it for an hour at most, for these pages alone.',
      error,
      required: true,
      autocomplete: 'off',
      spellcheck: false,
      maxLength: MAXIMUM_TOKEN,
    })}
    ${submitButton({ id: 'look', label: 'Look' })}`,
  })
}

export function stopForm({ server }: FastifyRequest, visitor: Visitor): Html {
  return postForm({
    id: 'stop-form',
    action: STOP_PATH,
    token: formTokenField(server, visitor),
    inline: true,
    body: submitButton({ id: 'stop', label: 'Stop', kind: 'link' }),
  })
}

/** Where the request is, to come back to; a token that came in its query stays behind. */
export function placeOf(request: FastifyRequest): string {
  const [path = '', query = ''] = request.url.split('?')
  const parameters = new URLSearchParams(query)
  parameters.delete('access_token')
  return parameters.size > 0 ? `${path}?${parameters.toString()}` : path
}
