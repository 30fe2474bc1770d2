import { expect, it } from 'vitest'
import { parseMasterKey } from '../../server/access/keys/master-key.ts'
import { createSecretVerification } from '../../server/access/secrets/secret-verification.ts'
import { commandLine, createDemoClient, openTestAccess, testSettings } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

describeDatabases('the verification of secrets', (_kind, locate) => {
  it('brings the client along, which a change then replaces', async () => {
    const location = await locate()
    await using access = await openTestAccess(location)
    const { database, clients, clock } = access
    const { clientId, text } = await createDemoClient(access)
    const verification = createSecretVerification({
      database,
      masterKey: parseMasterKey(testSettings(location).masterKey!),
      clock,
      clients,
      maximumCached: 10,
    })
    expect(await verification.verify(clientId, text)).toMatchObject({ kind: 'valid' })
    // Behind the caches' back: only who asks the database sees it.
    await database.write(async (write) => {
      await write.query.updateTable('clients').set({ display_name: 'Unheard' }).execute()
    })
    expect(await clients.known(clientId)).toMatchObject({ id: clientId, displayName: 'Client' })
    await clients.setSuspended(commandLine, clientId, true)
    expect(await clients.known(clientId)).toMatchObject({ displayName: 'Unheard', suspended: true })
  })
})
