import { argon2 } from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { commandLine, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

vi.mock(import('node:crypto'), async (importOriginal) => {
  const crypto = await importOriginal()
  return { ...crypto, argon2: vi.fn<typeof crypto.argon2>(crypto.argon2) }
})

const PASSWORD = 'correct horse battery staple'

/** What one attempt hashes: the time of an answer is that. */
function takeWork() {
  const work = vi.mocked(argon2).mock.calls.map(([algorithm, parameters]) => {
    const { memory, passes, parallelism, tagLength } = parameters
    return { algorithm, memory, passes, parallelism, tagLength }
  })
  vi.mocked(argon2).mockClear()
  return work
}

describeDatabases('a sign-in by password', (_kind, locate) => {
  it('hashes once, whoever it is and whatever is wrong', async () => {
    await using access = await openTestAccess(await locate())
    const { accounts, passwords, database } = access
    const hash = await passwords.hash(PASSWORD)
    const create = async (email: string, passwordHash: string | null, emailConfirmed = true) =>
      (await accounts.create(commandLine, { email, name: 'Ann', passwordHash, emailConfirmed }))
        .account.id
    await create('known@example.com', hash)
    await create('unconfirmed@example.com', hash, false)
    await create('without@example.com', null)
    await accounts.setSuspended(commandLine, await create('suspended@example.com', hash), true)
    const locked = await create('locked@example.com', hash)
    await database.write(({ query }) =>
      query
        .updateTable('accounts')
        .set({ password_failures: 100 })
        .where('id', '=', locked)
        .execute(),
    )
    takeWork()
    await passwords.verify('known@example.com', PASSWORD, null)
    const right = takeWork()
    expect(right).toEqual([expect.objectContaining({ algorithm: 'argon2id', memory: 19_456 })])
    for (const [email, password] of [
      ['known@example.com', 'wrong'],
      ['known@example.com', 'x'.repeat(5_000)],
      ['unknown@example.com', PASSWORD],
      ['no address', 'x'.repeat(5_000)],
      ['without@example.com', PASSWORD],
      ['unconfirmed@example.com', PASSWORD],
      ['suspended@example.com', PASSWORD],
      ['locked@example.com', PASSWORD],
    ] as const) {
      await passwords.verify(email, password, null)
      expect(takeWork(), `${email} ${password.length}`).toEqual(right)
    }
  })
})
