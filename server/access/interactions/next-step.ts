import type { Session } from '../accounts/session.ts'
import type { Client } from '../clients/client.ts'
import type { Consent } from '../consents/consent.ts'
import { coversRequest } from '../consents/covers.ts'
import type { Interaction } from './interaction.ts'

/** What an interaction still needs of the person; `finish`: what they said, or said before, is known. */
export type NextStep = 'sign-in' | 'consent' | 'finish'

/** @param consent what this person granted this client before */
export function nextStep(
  interaction: Interaction,
  session: Session | null,
  consent: Consent | null,
  client: Pick<Client, 'type'>,
  now: number,
): NextStep {
  if (!session || needsSignIn(interaction, session, now)) return 'sign-in'
  if (interaction.decision !== null) return 'finish'
  return needsConsent(interaction, consent, client) ? 'consent' : 'finish'
}

/**
 * Whether what the person said, or said before, still holds when it comes to granting.
 * @param consent as the transaction that grants it sees it
 */
export function stillConsents(
  { decision, request }: Pick<Interaction, 'decision' | 'request'>,
  consent: Consent | null,
): boolean {
  switch (decision) {
    case 'denied':
      return true
    // Another request may have changed what is remembered; only a withdrawal takes it all away.
    case 'allowed':
      return consent !== null
    case null:
      return coversRequest(consent, request)
  }
}

function needsSignIn(
  { request, createdAt, sessionId }: Interaction,
  session: Session,
  now: number,
): boolean {
  const { prompts, maxAge, hintedAccountId, providerId } = request
  if (hintedAccountId !== null && session.account.id !== hintedAccountId) return true
  if (providerId !== null && session.providerId !== providerId) return true
  if (prompts.includes('select_account') && sessionId === null) return true
  // Whoever proved themselves since the request came did so for it, however long they look at a page.
  const at = session.authenticatedAt
  if (at !== null && at >= createdAt) return false
  if (prompts.includes('login')) return true
  return maxAge !== null && (at === null || now - at > maxAge * 1_000)
}

function needsConsent(
  { request }: Interaction,
  consent: Consent | null,
  client: Pick<Client, 'type'>,
): boolean {
  if (request.prompts.includes('consent')) return true
  // RFC 8628 §5.4: someone else may have sent the person the code of their own device.
  if (request.redirectUri === null) return true
  // RFC 8252 §8.6: any program on the person's device can answer as such a client, so each time is asked.
  if (client.type === 'public' && !request.redirectUri.startsWith('https:')) return true
  return !coversRequest(consent, request)
}
