import { constants } from 'node:fs'
import { access, readFile, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type MasterKey, parseMasterKey } from '../../access/keys/master-key.ts'
import type { Settings } from '../../config/load.ts'
import { fail, type Finding, messageOf, ok, warn } from './finding.ts'

/** What the doctor checks on this machine: Node, the data folder, the master key, the disk. */

const RECOMMENDED_NODE = 26

export function checkNode(version: string = process.versions.node): Finding {
  const found = `Node ${version}`
  if (Number.parseInt(version, 10) >= RECOMMENDED_NODE) return ok('node', found)
  return warn(
    'node',
    `${found} works`,
    `Node ${RECOMMENDED_NODE} is what Mapgate is tested with, and is faster.`,
  )
}

/** Whether the folder exists, and what is to say of it. */
export async function checkFolder(
  dataDir: string,
): Promise<{ exists: boolean; findings: Finding[] }> {
  const found = await find(dataDir)
  if (!found) {
    const parent = await nearestFolder(dataDir)
    const finding = (await isWritable(parent))
      ? ok('data folder', `${dataDir} is not there yet; the first start makes it`)
      : fail(
          'data folder',
          `${dataDir} is not there, and ${parent} is not writable`,
          'Make the folder for the user that runs the server, or set dataDir.',
        )
    return { exists: false, findings: [finding] }
  }
  if (!found.isDirectory()) {
    const advice = 'Set dataDir (MAPGATE_DATA_DIR) to a folder.'
    return { exists: false, findings: [fail('data folder', `${dataDir} is not a folder`, advice)] }
  }
  const findings: Finding[] = []
  if (!(await isWritable(dataDir))) {
    findings.push(
      fail(
        'data folder',
        `${dataDir} is not writable for this user`,
        'Run as the user that runs the server, or give the folder to this one (chown).',
      ),
    )
  }
  if (process.getuid && found.uid !== process.getuid()) {
    findings.push(
      warn(
        'data folder',
        `${dataDir} belongs to user ${found.uid}, and this is user ${process.getuid()}`,
        'Run commands as the user that runs the server: files that another user makes may lock it out.',
      ),
    )
  }
  if ((found.mode & 0o077) !== 0) {
    findings.push(
      warn(
        'data folder',
        `other users can look into ${dataDir} (mode ${octal(found.mode)})`,
        `chmod 700 ${dataDir}`,
      ),
    )
  }
  if (findings.length === 0) findings.push(ok('data folder', dataDir))
  return { exists: true, findings }
}

/** The master key if it is there, without making one. */
export async function checkMasterKeyText(
  settings: Settings,
): Promise<{ masterKey: MasterKey | null; findings: Finding[] }> {
  const file = join(settings.dataDir, 'master.key')
  const name = settings.masterKey ? 'MAPGATE_MASTER_KEY' : file
  const findings: Finding[] = []
  let text = settings.masterKey
  if (!text) {
    const found = await find(file)
    if (!found) return { masterKey: null, findings }
    if ((found.mode & 0o077) !== 0) {
      findings.push(
        fail(
          'master key',
          `other users can read ${file} (mode ${octal(found.mode)})`,
          `chmod 600 ${file}`,
        ),
      )
    }
  }
  try {
    text ??= await readFile(file, 'utf8')
    const masterKey = parseMasterKey(text)
    findings.push(ok('master key', `from ${name}, version ${masterKey.newestVersion}`))
    return { masterKey, findings }
  } catch (error) {
    const advice = 'Restore it from a backup: nothing else opens the data.'
    findings.push(fail('master key', `${name}: ${messageOf(error)}`, advice))
    return { masterKey: null, findings }
  }
}

const GIBIBYTE = 1_024 ** 3

export async function checkDisk(dataDir: string): Promise<Finding> {
  const folder = await nearestFolder(dataDir)
  const { bavail, bsize } = await statfs(folder)
  const free = (bavail * bsize) / GIBIBYTE
  const found = `${free.toFixed(1)} GiB free at ${folder}`
  const advice = 'Make room: a full disk stops every change, and the audit log with it.'
  if (free < 0.1) return fail('disk', found, advice)
  return free < 1 ? warn('disk', found, advice) : ok('disk', found)
}

async function nearestFolder(path: string): Promise<string> {
  let folder = path
  while (!(await find(folder))?.isDirectory() && folder !== dirname(folder))
    folder = dirname(folder)
  return folder
}

async function isWritable(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

const find = (path: string) => stat(path).catch(() => null)

const octal = (mode: number) => (mode & 0o777).toString(8).padStart(4, '0')
