import type { ClientRequest } from '../access/requests/client-request.ts'
import { type Html, html } from '../pages/html.ts'
import { copyable, definitions } from '../pages/parts.ts'

/** What is revealed, as the wire has it. */
export interface Revealed {
  clientId: string
  clientSecret: string
  description: string
  scopes: readonly string[]
  tokenEndpoint: string
}

/** Why there is nothing to reveal: status, title, and advice. */
export const CLOSED = {
  unknown: {
    status: 404,
    title: 'There is nothing behind this link',
    advice:
      'It may have been copied incompletely, or a newer link has taken its place. Look for the latest message, or ask who sent it to you.',
  },
  expired: {
    status: 410,
    title: 'This link has expired',
    advice: 'Nothing was revealed. Ask who sent it to you for a new link.',
  },
  delivered: {
    status: 410,
    title: 'The secret has been revealed already',
    advice:
      'It is shown only once. If that was not you, say so at once to who sent you the link: the secret must be replaced. If it was, and you have lost it, ask for a new one.',
  },
} as const

/** @param expires when the link does */
export function waitingPage(request: ClientRequest, expires: string): Html {
  return html`
    <p>
      Your request for <strong>${request.displayName}</strong> was approved. This page reveals the
      client id and its first secret, <strong>${request.credentialName}</strong>, once.
    </p>
    <p>
      Have a place ready where secrets are kept: a vault or a password manager. Nobody can show you
      the secret again.
    </p>
    <form method="post"><button type="submit">Reveal the secret</button></form>
    <p class="soft">The link works until ${expires}, or until the secret is revealed.</p>
  `
}

export function revealedPage(revealed: Revealed): Html {
  return html`
    <p>Copy both now. When this page is closed, the secret cannot be shown again.</p>
    ${copyable({ id: 'client-id', label: 'Client id', value: revealed.clientId })}
    ${copyable({
      id: 'client-secret',
      label: `Client secret: ${revealed.description}`,
      value: revealed.clientSecret,
    })}
    ${definitions([['Permissions', revealed.scopes.join(', ') || 'none yet']])}
    <p>Get an access token with them:</p>
    <pre tabindex="0">
${`curl ${revealed.tokenEndpoint} \\
  --data grant_type=client_credentials \\
  --data client_id=${revealed.clientId} \\
  --data client_secret=<the secret>`}</pre>
    <p class="soft">A client can replace its own secret at any time, without a break in service.</p>
  `
}
