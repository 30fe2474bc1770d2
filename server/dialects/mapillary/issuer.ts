/**
 * `iss` of what is issued in the Mapillary dialect. Its codes are got without PKCE, and so are worth
 * something at its own token endpoint only.
 */
export function mapillaryIssuer(publicUrl: string): string {
  return `${publicUrl}/mapillary`
}
