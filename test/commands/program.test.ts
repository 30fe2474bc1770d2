import type { Command } from 'commander'
import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../server/main.ts'
import { createInstallation } from './command-line.ts'

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

describe('help', () => {
  const help = { text: '' }
  const leaves = leavesOf(createProgram({ writeOut: (text) => (help.text += text) })).filter(
    (command) => command.name() !== 'serve',
  )

  it('knows all commands', () => {
    expect(leaves.length).toBeGreaterThan(30)
  })

  it.each(leaves.map((command) => [pathOf(command), command] as const))('%s', (path, command) => {
    help.text = ''
    command.outputHelp()
    expect(help.text).toContain(`Examples:\n  $ ${path}`)
    expect(help.text).toContain('--json')
    expect(command.options.every((option) => option.description !== '')).toBe(true)
  })
})

describe('mapgate', () => {
  it('ends misuse with exit code 2, on stderr alone', async () => {
    await using on = await createInstallation()
    for (const line of ['fly', 'clients', 'clients list --colour', '']) {
      const { code, stdout, stderr } = await on.run(line)
      expect({ line, code, stdout }).toEqual({ line, code: 2, stdout: '' })
      expect(stderr).not.toBe('')
    }
    expect(await on.error('clients show')).toMatchObject({ exitCode: 2, code: 'usage' })
    expect(await readdir(on.dataDir)).toEqual([])
  })

  it('ends with the problems of a wrong configuration', async () => {
    await using on = await createInstallation()
    const { code, stderr } = await on.run('keys list --json', {
      environment: { MAPGATE_LIMITS_STORE: 'paper' },
    })
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'configuration', problems: [expect.stringContaining('limits.store')] },
    })
  })
})
