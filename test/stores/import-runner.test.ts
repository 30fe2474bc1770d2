import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, expect, it, vi } from 'vitest'
import type { Collection } from '../../server/access/collections/collection.ts'
import type { Caller } from '../../server/access/tokens/access-token.ts'
import { createImportJobs } from '../../server/maps/import/jobs/import-jobs.ts'
import { createImportRunner } from '../../server/maps/import/jobs/import-runner.ts'
import { createSpool } from '../../server/maps/import/jobs/spool.ts'
import { commandLine, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'
import { temporaryFolder } from '../support/server.ts'

const NODE = 'here'
const folder = temporaryFolder()
afterAll(() => rm(folder, { recursive: true }))

describeDatabases('the runner of imports', (_kind, locate) => {
  async function open() {
    const access = await openTestAccess(await locate())
    const jobs = createImportJobs({ ...access, maximumBytes: 1_000_000_000 })
    const spool = createSpool({ folder, maximumBytes: 1_000_000_000, sparedBytes: 0 })
    const collections = new Map<string, Collection>()
    const errors: unknown[] = []
    let count = 0

    async function send(collectionId: string, body: Iterable<string>): Promise<string> {
      const made = await access.collections.create(commandLine, {
        id: collectionId,
        customerId: null,
        title: collectionId,
      })
      if (made.kind !== 'created') throw new Error(made.kind)
      collections.set(collectionId, made.collection)
      const caller = { customerId: 'lund' } as Caller
      const id = `${collectionId}-${++count}`
      const asked = { id, caller, actor: commandLine, options: { format: 'ndjson' as const } }
      const { collection } = made
      await jobs.reserve({ ...asked, collection, totalBytes: 10, node: NODE })
      const { bytes } = await spool.take(id, Readable.from(body))
      await jobs.receive(id, bytes)
      return id
    }

    const run = (options: { maximumSeconds?: number; file?: string } = {}) =>
      createImportRunner({
        ...access,
        jobs,
        spool,
        node: NODE,
        maximumSeconds: options.maximumSeconds ?? 1_000,
        location: { kind: 'sqlite', file: options.file ?? join(folder, 'maps.sqlite') },
        mayWrite: async () => true,
        onError: (error) => errors.push(error),
      })

    const reasonOf = async (collectionId: string, id: string) => {
      const job = await jobs.find(collectionId, id)
      return job?.state === 'failed' ? job.result!.reason : job?.state
    }
    const untilReason = (collectionId: string, id: string, expected: unknown) =>
      vi.waitFor(async () => expect(await reasonOf(collectionId, id)).toEqual(expected), {
        timeout: 50_000,
        interval: 100,
      })
    return { access, jobs, spool, errors, send, run, untilReason }
  }

  it('ends a job whose file is gone, and goes on with others', async () => {
    const on = await open()
    await using _ = on.access
    const lost = await on.send('lost', ['gone'])
    await on.spool.remove(lost)
    const bad = await on.send('bad', ['nonsense\n'])
    await using runner = on.run()
    await on.untilReason('lost', lost, 'its file is gone: send it again')
    await on.untilReason('bad', bad, expect.stringContaining('no record can be taken'))
    expect(await on.spool.has(bad)).toBe(false)
    const left = await on.spool.take('left', Readable.from(['no job']))
    expect(left.bytes).toBeGreaterThan(0)
    await runner.maintain()
    expect(await on.spool.has('left')).toBe(false)
  })

  it('gives up a file whose process broke three times', async () => {
    const on = await open()
    await using _ = on.access
    const id = await on.send('breaking', ['{}\n'])
    // The process cannot open this.
    await using runner = on.run({ file: join(folder, 'none', 'maps.sqlite') })
    const nudging = setInterval(() => runner.nudge(), 50)
    await on.untilReason('breaking', id, expect.stringContaining('it was begun 3 times'))
    clearInterval(nudging)
    expect(on.errors).toHaveLength(3)
    expect(await on.spool.has(id)).toBe(false)
  })

  it('ends one that takes too long', async () => {
    const on = await open()
    await using _ = on.access
    const lines = function* () {
      for (let index = 0; index < 2_000; index++) yield '{"no":"feature"}\n'.repeat(1_000)
    }
    const id = await on.send('long', lines())
    await using _runner = on.run({ maximumSeconds: 0 })
    await on.untilReason('long', id, expect.stringContaining('longer than 0 seconds'))
  })
})
