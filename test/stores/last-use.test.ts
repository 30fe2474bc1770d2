import { expect, it } from 'vitest'
import { createDemoClient, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

describeDatabases('last use', (_kind, locate) => {
  it('is right for a flood of logins, and the latest wins', async () => {
    const clock = movableClock()
    const location = await locate()
    await using access = await openTestAccess(location, { clock })
    await using other = await openTestAccess(location, { clock })
    const { secretId } = await createDemoClient(access)
    const ids = Array.from({ length: 700 }, (_, index) => (index + 1_000_000).toString(16))
    await access.database.write(async (write) => {
      const secrets = write.query.selectFrom('client_secrets').selectAll()
      const secret = await secrets.where('id', '=', secretId).executeTakeFirstOrThrow()
      for (const id of ids) {
        await write.query
          .insertInto('client_secrets')
          .values({ ...secret, id })
          .execute()
      }
    })
    const earlier = clock.now()
    for (const id of ids) access.lastUse.note(id, '', 1)
    clock.advance(1_000)
    for (const id of ids.slice(350)) other.lastUse.note(id, '', 1)
    // The later uses are written before the earlier ones.
    await other.lastUse.flush()
    await access.lastUse.flush()
    const rows = await access.database.query
      .selectFrom('client_secrets')
      .select('last_used_at')
      .where('id', '!=', secretId)
      .orderBy('id')
      .execute()
    const times = rows.map((row) => row.last_used_at)
    expect(times.slice(0, 350)).toEqual(ids.slice(0, 350).map(() => earlier))
    expect(times.slice(350)).toEqual(ids.slice(350).map(() => earlier + 1_000))
  })
})
