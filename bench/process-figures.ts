import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What the system says of a process; Linux counts in ticks of 10 ms (proc_pid_stat(5)). */
const MILLISECONDS_PER_TICK = 10

/** CPU time of all its threads, in milliseconds; null where the system does not tell. */
export function cpuMilliseconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in parentheses, may hold spaces; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * MILLISECONDS_PER_TICK
  } catch {
    return null
  }
}

/** Resident memory in MB (10^6 bytes); null where the system does not tell. */
export function residentMegabytes(pid: number): number | null {
  const kibibytes = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  return kibibytes?.trim() ? (Number(kibibytes) * 1_024) / 1_000_000 : residentFromProc(pid)
}

function residentFromProc(pid: number): number | null {
  try {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    return match ? (Number(match[1]) * 1_024) / 1_000_000 : null
  } catch {
    return null
  }
}
