import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Interaction, Interactions } from '../access/interactions/interaction.ts'
import { PageError } from '../pages/page-error.ts'
import type { Messages } from '../pages/messages.ts'
import { messagesOf, type Visitor, visitorOf } from '../pages/visitor.ts'
import { DEFAULT_PATH, localPath } from './local-path.ts'

/** What a person is on the way to while they sign in: an application's request, or a page here. */
export interface Journey {
  visitor: Visitor
  messages: Messages
  interaction: Interaction | null
  /** A path of this server, where there is no interaction. */
  continueTo: string
  /** The fields that keep it in a form. */
  fields: { interaction?: string; continue?: string }
  /** Whether its forms may end at the application: see `Page.formsLeave`. */
  formsLeave: boolean
}

/**
 * Reads it from a request: `interaction` or `continue`, in the form or else in the URL.
 * @throws PageError 400 when the interaction is not this browser's, or over
 */
export async function journeyOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { interactions }: { interactions: Pick<Interactions, 'find'> },
): Promise<Journey> {
  const visitor = await visitorOf(request, reply)
  const id = parameter(request, 'interaction')
  const interaction = id === null ? null : await interactions.find(id, visitor.browser)
  const messages = messagesOf(request, interaction?.request.uiLocales)
  if (id !== null && interaction === null) throw startOver(messages)
  const continueTo = localPath(parameter(request, 'continue'))
  return {
    visitor,
    messages,
    interaction,
    continueTo,
    fields: interaction
      ? { interaction: interaction.id }
      : continueTo === DEFAULT_PATH
        ? {}
        : { continue: continueTo },
    formsLeave: interaction !== null && interaction.request.redirectUri !== null,
  }
}

/** `path` with what keeps the journey, and further parameters. */
export function along(
  journey: Pick<Journey, 'fields'>,
  path: string,
  further: Record<string, string> = {},
): string {
  const query = new URLSearchParams({ ...further, ...journey.fields }).toString()
  return query === '' ? path : `${path}?${query}`
}

/** A parameter of the form, or else of the URL; null: absent, empty, or too long to mean anything. */
export function parameter(request: FastifyRequest, name: string): string | null {
  const given = request.form?.get(name) ?? (request.query as Record<string, unknown>)[name]
  return typeof given === 'string' && given !== '' && given.length <= 4_000 ? given : null
}

/** The interaction is unknown, over, another browser's or another person's: all the same to a stranger. */
export function startOver({ errors }: Messages): PageError {
  const { title, advice } = errors.startOver
  return new PageError(400, title, advice)
}
