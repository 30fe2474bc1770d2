import type { Page } from 'playwright-core'
import type { RunningServer } from '../../support/server.ts'
import type { Person } from '../people.ts'

/** What the scenes show, made once. */
export interface Cast {
  server: RunningServer
  /** Has registered `clientId`. */
  developer: Person
  clientId: string
  /** Where that application takes answers. */
  callbackUrl: string
  /** Has an authenticator app. */
  careful: Person
  /** Of a client that runs on devices. */
  deviceClientId: string
  /** An identity provider that does not answer, of `gone.example`. */
  providerId: string
}

/** Where scenes play: one browser, of one size and one colour scheme. */
export interface Stage extends Cast {
  page: Page
  /** Takes a picture of the page that is shown, and judges it. */
  shot(name: string): Promise<void>
  /** Goes there first. */
  visit(name: string, path: string): Promise<void>
}

/** Some pages, one after the other, from a browser that knows nothing. */
export type Scene = (stage: Stage) => Promise<void>
