import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A web server of an application's author: it serves what it is given, and tells who asked. */
export interface DocumentServer extends AsyncDisposable {
  url: string
  host: string
  /** Paths, in the order of the requests. */
  requests: string[]
  /** Also what was opened and never asked for anything. */
  connections(): number
  serve(path: string, document: object, headers?: Record<string, string>): void
  answer(path: string, answer: (response: ServerResponse) => void): void
}

export async function startDocumentServer(): Promise<DocumentServer> {
  const answers = new Map<string, (response: ServerResponse) => void>()
  const requests: string[] = []
  let connections = 0
  const server = createServer((request, response) => {
    requests.push(request.url!)
    const answer = answers.get(request.url!)
    if (answer) answer(response)
    else response.writeHead(404).end()
  })
    .on('connection', () => connections++)
    .listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const documents: DocumentServer = {
    url: `http://${host}`,
    host,
    requests,
    connections: () => connections,
    answer: (path, answer) => void answers.set(path, answer),
    serve(path, document, headers = {}) {
      documents.answer(path, (response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers })
        response.end(JSON.stringify(document))
      })
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
  return documents
}
