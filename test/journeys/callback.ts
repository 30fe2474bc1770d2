import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Where an application waits for its answer, on the loopback interface. */
export interface Callback extends AsyncDisposable {
  url: string
}

/** @param options.leadsTo where the callback redirects to; by default it answers with a page */
export async function startCallback({ leadsTo }: { leadsTo?: string } = {}): Promise<Callback> {
  const server = createServer((_request, response) => {
    if (leadsTo !== undefined) {
      response.writeHead(303, { location: leadsTo }).end()
      return
    }
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end('<!doctype html><title>Application</title><h1>Back at the application</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/callback`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
