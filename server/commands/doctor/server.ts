import type { Settings } from '../../config/load.ts'
import { fail, type Finding, messageOf, ok, warn } from './finding.ts'

/** What the doctor checks from outside: the URL that clients use, and whether a server answers there. */

export function checkPublicUrl({ publicUrl, host }: Settings): Finding {
  const { protocol, hostname } = new URL(publicUrl)
  if (protocol === 'https:') return ok('public URL', publicUrl)
  if (['localhost', '127.0.0.1', '::1'].includes(host)) {
    return ok('public URL', `${publicUrl}: http is fine as long as only this machine calls`)
  }
  return warn(
    'public URL',
    `${publicUrl} names ${hostname}, but the server listens on ${host}`,
    'Set publicUrl to the https URL that clients use: it is the issuer of all tokens.',
  )
}

export async function checkServer(publicUrl: string): Promise<Finding[]> {
  const url = `${publicUrl}/ready`
  let response: Response
  try {
    response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(3_000) })
    await response.body?.cancel()
  } catch (error) {
    return [
      warn(
        'server',
        `none answers at ${publicUrl} (${messageOf(error)})`,
        'If it should be running: start it (mapgate serve), and check port, publicUrl and proxy.',
      ),
    ]
  }
  const findings = [readiness(url, response.status)]
  const date = Date.parse(response.headers.get('date') ?? '')
  const difference = Math.abs(date - Date.now()) / 1_000
  if (difference > 30) {
    findings.push(
      warn(
        'clock',
        `the server’s clock and this one differ by ${Math.round(difference)} s`,
        'Let both follow a time server (NTP): tokens are judged by the clock.',
      ),
    )
  }
  return findings
}

function readiness(url: string, status: number): Finding {
  if (status === 200) return ok('server', `ready at ${url}`)
  if (status === 503) {
    return fail(
      'server',
      `${url} answers 503: not ready`,
      'Look into its log: its database does not answer.',
    )
  }
  return warn(
    'server',
    `${url} answers ${status}: that does not look like Mapgate`,
    'Check publicUrl and the proxy in front: another program may answer there.',
  )
}
