import type { Client } from '../../access/clients/client.ts'
import { clientLogoPath } from '../../pages/client-logo.ts'
import { type Html, html } from '../../pages/html.ts'
import { monogram } from '../../pages/parts.ts'

/** The application's picture, or its initials. */
export function logoOf({
  id,
  displayName,
  logoAt,
}: Pick<Client, 'id' | 'displayName' | 'logoAt'>): Html {
  if (logoAt === null) return monogram(displayName)
  return html`<img
    class="picture"
    src="${clientLogoPath(id, logoAt)}"
    alt=""
    width="48"
    height="48"
  />`
}
