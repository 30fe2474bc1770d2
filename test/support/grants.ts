import type { Account } from '../../server/access/accounts/account.ts'
import type { Grant } from '../../server/access/grants/grant.ts'
import type { NewGrant } from '../../server/access/grants/grants.ts'
import type { Access } from '../../server/open-access.ts'
import { commandLine } from './access.ts'

/** Somebody with an account; nobody knows the password. */
export async function createPerson(access: Access, email = 'person@example.com'): Promise<Account> {
  const outcome = await access.accounts.create(commandLine, {
    email,
    name: 'Person',
    passwordHash: null,
    emailConfirmed: true,
  })
  return outcome.account
}

/** Those of a person that still stand, newest first. */
export async function standingGrants(
  { database, grants, clock }: Access,
  accountId: string,
): Promise<Grant[]> {
  const rows = await database.query
    .selectFrom('grants')
    .select('id')
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', clock.now())
    .orderBy('id', 'desc')
    .execute()
  return (await Promise.all(rows.map(({ id }) => grants.find(id)))).filter(
    (grant) => grant !== null,
  )
}

/** What a person's consent comes to, without the pages. */
export function grantOf(
  access: Access,
  account: Account,
  grant: Partial<NewGrant> & { clientId: string },
): Promise<Grant> {
  const { audience } = access.apis.get('maps')!
  return access.database.write((write) =>
    access.grants.createIn(write, commandLine, {
      accountId: account.id,
      issuer: new URL(audience).origin,
      scopes: ['read', 'write'],
      audience: [audience],
      details: [],
      sessionId: null,
      authenticatedAt: access.clock.now(),
      methods: ['pwd'],
      acr: null,
      nonce: null,
      claims: null,
      dpopJkt: null,
      ...grant,
    }),
  )
}
