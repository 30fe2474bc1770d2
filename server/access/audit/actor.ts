/** Who does something, as the audit log and `createdBy` tell it. */
export interface Actor {
  kind: 'command-line' | 'client' | 'account' | 'anonymous' | 'system'
  /** The client's or account's id; the user's name on the command line. */
  id: string | null
  /** With which secret the client had logged in. */
  secretId: string | null
  /** The network address the request came from. */
  address: string | null
  requestId: string | null
}

/** What Mapgate does by itself: rotating keys, importing sample data. */
export const systemActor: Actor = {
  kind: 'system',
  id: null,
  secretId: null,
  address: null,
  requestId: null,
}

/** A client at work on a request, with the secret it had logged in with. */
export function clientActor(
  { clientId, secretId }: { clientId: string; secretId: string | null },
  { ip, id }: { ip: string; id: string },
): Actor {
  return { kind: 'client', id: clientId, secretId, address: ip, requestId: id }
}

/** A person at work on a request: a page, or a token that acts for them. */
export function accountActor(accountId: string, { ip, id }: { ip: string; id: string }): Actor {
  return { kind: 'account', id: accountId, secretId: null, address: ip, requestId: id }
}

/** Nobody known. */
export function anonymousActor({ ip, id }: { ip: string; id: string }): Actor {
  return { kind: 'anonymous', id: null, secretId: null, address: ip, requestId: id }
}
