import { describe, expect, it } from 'vitest'
import { createInstallation, type Installation } from './command-line.ts'

interface Request {
  id: string
  status: string
}

const submit = (on: Installation) =>
  on.json<Request>(
    'requests create --credential-name dispatch --scope read --use roads --contact ann@lund.example --name',
    'Snow ploughs',
  )

describe.each(['sqlite', 'postgres'] as const)('requests (%s)', (kind) => {
  it('records, approves and delivers a request', async () => {
    await using on = await createInstallation(kind)
    await on.json('customers create Lund --id lund')
    const { id } = await submit(on)
    expect(await on.json('requests list --status requested')).toMatchObject({
      requests: [{ id, displayName: 'Snow ploughs' }],
      next: null,
    })
    expect(await on.error(`requests approve ${id}`)).toMatchObject({ code: 'no-customer' })
    expect(await on.error(`requests approve ${id} --customer x`)).toMatchObject({
      code: 'unknown-customer',
    })
    const approved = await on.json<{ request: Request; client: object; deliveryUrl: string }>(
      `requests approve ${id} --customer lund --scope`,
      'read write',
    )
    expect(approved).toMatchObject({
      request: { status: 'approved' },
      client: { customerId: 'lund', scopes: ['read', 'write'] },
      deliveryUrl: expect.stringMatching(
        /^http:\/\/localhost:8080\/client-requests\/delivery\/mgd_\w+$/,
      ),
    })
    const again = await on.json<{ deliveryUrl: string }>(`requests deliver ${id}`)
    expect(again.deliveryUrl).not.toBe(approved.deliveryUrl)
    expect(await on.error(`requests approve ${id}`)).toMatchObject({
      exitCode: 1,
      code: 'decided',
    })
  })
})

describe('requests', () => {
  it('rejects a request with a reason', async () => {
    await using on = await createInstallation()
    const { id } = await submit(on)
    expect(await on.json(`requests reject ${id} --reason`, 'Use the tiles')).toMatchObject({
      status: 'rejected',
      reason: 'Use the tiles',
    })
    expect((await on.run(`requests show ${id}`)).stdout).toContain('Use the tiles')
    expect(await on.error(`requests deliver ${id}`)).toMatchObject({ code: 'not-approved' })
  })

  it('grants management only when told to', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const { id } = await on.json<Request>(
      'requests create --name n --credential-name c --use u --customer lund --scope manage',
    )
    expect(await on.error(`requests approve ${id}`)).toMatchObject({ code: 'only-management' })
    expect(await on.json(`requests approve ${id} --scope manage`)).toMatchObject({
      client: { scopes: ['manage'] },
    })
  })

  it('refuses what does not exist', async () => {
    await using on = await createInstallation()
    expect(await on.error('requests show x')).toMatchObject({ code: 'unknown-request' })
    expect(await on.error('requests reject x --reason r')).toMatchObject({
      code: 'unknown-request',
    })
    const { code, stderr } = await on.run(
      'requests create --name n --credential-name c --use u --scope fly',
    )
    expect(code).toBe(1)
    expect(stderr).toContain('“fly”')
  })
})
