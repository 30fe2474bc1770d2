import { createServer } from 'node:http'

/** The least that `node:http` can answer: the reference of small answers. */
createServer((_request, response) => response.end('hello')).listen(
  Number(process.env.PORT),
  '127.0.0.1',
)
