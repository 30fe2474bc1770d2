import type { ClientRequest, IncomingMessage } from 'node:http'

/**
 * The answer to a request, in memory.
 * @throws RangeError when it is larger than asked for, or encoded; and what the connection ends with
 */
export function readAnswer(
  request: ClientRequest,
  maxBytes: number,
): Promise<{ status: number; headers: Headers; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      request.destroy()
      reject(error)
    }
    request.on('error', fail)
    request.on('response', (answer) => {
      answer.on('error', fail)
      // It was asked for without: a small body could unfold to a huge one.
      const encoding = answer.headers['content-encoding']
      if (encoding !== undefined && encoding !== 'identity') {
        fail(new RangeError('its answer is encoded'))
        return
      }
      const parts: Buffer[] = []
      let size = 0
      answer.on('data', (part: Buffer) => {
        size += part.length
        if (size > maxBytes) fail(new RangeError(`its answer is larger than ${maxBytes} bytes`))
        else parts.push(part)
      })
      answer.on('end', () => {
        if (!answer.complete) return fail(new Error('the answer is cut off'))
        resolve({
          status: answer.statusCode!,
          headers: headersOf(answer),
          body: Buffer.concat(parts),
        })
      })
      answer.on('close', () => reject(new Error('the connection ended')))
    })
  })
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index]!, rawHeaders[index + 1]!)
  }
  return headers
}
