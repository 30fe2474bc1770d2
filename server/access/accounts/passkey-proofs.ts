import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import type { RandomBytes } from '../../lib/random.ts'
import type { Account } from './account.ts'
import { type PasskeyRow, toCredential } from './passkey-rows.ts'

/** For a person to find the device. */
export const LIFETIME_MILLISECONDS = 300_000

/** EdDSA, ES256, RS256 (RFC 9053 §2, RFC 8812 §2): one of them every device has. */
const ALGORITHMS = [-8, -7, -257]

/** What browsers are asked (WebAuthn §5.4, §5.5), and what their answers prove. */
export function createPasskeyProofs({
  publicUrl,
  name,
  random,
}: {
  publicUrl: string
  name: string
  random: RandomBytes
}) {
  const rpID = new URL(publicUrl).hostname
  // A quarter of a second and 20 MB, which most processes never need.
  const webAuthn = () => import('@simplewebauthn/server')
  const challenge = () => new Uint8Array(random(32))

  return {
    async askRegistration(account: Account, known: readonly PasskeyRow[]) {
      const { generateRegistrationOptions } = await webAuthn()
      return generateRegistrationOptions({
        rpName: name,
        rpID,
        userID: new TextEncoder().encode(account.id),
        userName: account.email,
        userDisplayName: account.name,
        challenge: challenge(),
        timeout: LIFETIME_MILLISECONDS,
        attestationType: 'none',
        supportedAlgorithmIDs: ALGORITHMS,
        excludeCredentials: known.map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      })
    },

    /** @param known null: whatever passkey the person has, and it stands alone */
    async askAuthentication(known: readonly PasskeyRow[] | null) {
      const { generateAuthenticationOptions } = await webAuthn()
      return generateAuthenticationOptions({
        rpID,
        challenge: challenge(),
        timeout: LIFETIME_MILLISECONDS,
        userVerification: known === null ? 'required' : 'preferred',
        ...(known !== null && {
          allowCredentials: known.map(({ id, transports }) => ({
            id,
            transports: transports.split(' ').filter(Boolean) as AuthenticatorTransport[],
          })),
        }),
      })
    },

    async judgeRegistration(response: object, expectedChallenge: string) {
      const { verifyRegistrationResponse } = await webAuthn()
      try {
        const { registrationInfo } = await verifyRegistrationResponse({
          response: response as RegistrationResponseJSON,
          expectedChallenge,
          expectedOrigin: publicUrl,
          expectedRPID: rpID,
          requireUserVerification: false,
          supportedAlgorithmIDs: ALGORITHMS,
        })
        return registrationInfo ?? null
      } catch {
        // It throws at whatever is wrong with a response, and a stranger wrote that.
        return null
      }
    },

    /** @param alone nothing else is asked for, so the device must have asked for PIN or biometrics */
    async judgeAuthentication(
      credential: PasskeyRow,
      response: object,
      expectedChallenge: string,
      alone: boolean,
    ) {
      const { verifyAuthenticationResponse } = await webAuthn()
      try {
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          response: response as AuthenticationResponseJSON,
          expectedChallenge,
          expectedOrigin: publicUrl,
          expectedRPID: rpID,
          credential: toCredential(credential),
          requireUserVerification: alone,
        })
        return verified ? authenticationInfo : null
      } catch {
        return null
      }
    },
  }
}

/** As far as it is looked at here; the library judges the rest. */
export function isResponse(value: unknown): value is { id: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    /^[\w-]{1,2000}$/.test(value.id) &&
    'response' in value &&
    typeof value.response === 'object'
  )
}
