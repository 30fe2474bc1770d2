import { expect, it } from 'vitest'
import { commandLine, createDemoClient, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

describeDatabases('a client that took the place of a deleted one', (_kind, locate) => {
  it('does not bring its tokens back to life', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { customerId, clientId } = await createDemoClient(access, { id: 'kiosk' })
    const client = (await access.clients.find(clientId))!
    const issue = () =>
      access.issueToken({
        client,
        // As for a client that logs in with a key.
        secretId: null,
        scopes: ['read'],
        audience: ['https://maps.example'],
        narrowed: false,
        lifetimeSeconds: 3_600,
      }).accessToken
    const old = issue()
    expect((await access.verifyToken(old)).kind).toBe('valid')

    clock.advance(60_000)
    await access.clients.delete(commandLine, clientId)
    const recreated = { id: clientId, customerId, displayName: 'Kiosk', scopes: ['read'] }
    await access.clients.create(commandLine, recreated)
    expect(await access.verifyToken(old)).toEqual({ kind: 'invalid', reason: 'client_unknown' })
    expect((await access.verifyToken(issue())).kind).toBe('valid')
  })
})
