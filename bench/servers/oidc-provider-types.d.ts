/** `oidc-provider` brings no types: what the benchmark and the tests use of it. */
declare module 'oidc-provider' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'

  export default class Provider {
    constructor(issuer: string, configuration: object)
    listen(port: number, host: string): Server
    /** A middleware of Koa, before the provider's own. */
    use(middleware: (context: KoaContext, next: () => Promise<void>) => Promise<void>): void
    /** Ends what `interactions.url` began, and sends the browser on. */
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: object,
    ): Promise<void>
  }

  export interface KoaContext {
    path: string
    req: IncomingMessage
    res: ServerResponse
    /** Whether Koa answers. */
    respond: boolean
  }
}
