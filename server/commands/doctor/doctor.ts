import type { Command } from 'commander'
import { readEnvironment } from '../../config/environment.ts'
import { ConfigError, loadConfig, type Settings } from '../../config/load.ts'
import { addCommand } from '../define.ts'
import { type Output, printable } from '../output.ts'
import { running } from '../run.ts'
import { checkData } from './data.ts'
import { checkImports } from './imports.ts'
import { checkMapData } from './map-data.ts'
import { fail, type Finding, messageOf, ok } from './finding.ts'
import { checkDisk, checkFolder, checkMasterKeyText, checkNode } from './machine.ts'
import { checkPublicUrl, checkServer } from './server.ts'

/**
 * `mapgate doctor`: looks at everything an installation needs and says what to do. It makes nothing
 * and changes nothing, so it can be run before the first start and before an upgrade.
 */
export function addDoctorCommand(program: Command): void {
  addCommand(
    program,
    'doctor',
    'Check this installation and say what to do. Each line is ok, warn or fail; exit code 1 if any is fail. It changes nothing.',
    ['mapgate doctor', 'mapgate doctor --full --json'],
  )
    .option('--full', 'walk the audit log however long it is')
    .action(running(doctor))
}

async function doctor(output: Output, { full = false }: { full?: boolean }): Promise<void> {
  const findings = await examine(full)
  if (findings.some(({ level }) => level === 'fail')) process.exitCode = 1
  output.show({ findings }, findings.map(line).join('\n'))
}

async function examine(full: boolean): Promise<Finding[]> {
  let settings: Settings
  try {
    settings = loadConfig(readEnvironment())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const advice = 'Correct mapgate.yaml or the environment; docs/configuration.md lists all keys.'
    return [checkNode(), ...error.problems.map((problem) => fail('configuration', problem, advice))]
  }
  const folder = await checkFolder(settings.dataDir)
  const { masterKey, findings: ofMasterKey } = await checkMasterKeyText(settings)
  const data = await checkData(settings, masterKey, full).catch(unreadable)
  const isReadable = data.every(({ level }) => level !== 'fail')
  return [
    checkNode(),
    ok('configuration', 'valid'),
    checkPublicUrl(settings),
    ...folder.findings,
    await checkDisk(settings.dataDir),
    ...ofMasterKey,
    ...data,
    ...(isReadable ? await checkMapData(settings).catch(unreadable) : []),
    ...(isReadable ? await checkImports(settings).catch(unreadable) : []),
    ...(await checkServer(settings.publicUrl)),
  ]
}

/** What no check expected, as a file damaged in its middle. */
function unreadable(error: unknown): Finding[] {
  const advice = 'Keep a copy of the data as it is, and restore a backup if it is damaged.'
  return [fail('database', `it cannot be read: ${messageOf(error)}`, advice)]
}

function line({ check, level, message, advice }: Finding): string {
  const found = `${level.padEnd(4)}  ${check}: ${printable(message)}`
  return advice === undefined ? found : `${found}\n      -> ${printable(advice)}`
}
