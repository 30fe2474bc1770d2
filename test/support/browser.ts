import chromium from '@sparticuz/chromium'
import {
  type Browser,
  type BrowserContext,
  chromium as playwright,
  type Page,
} from 'playwright-core'

/** A real Chromium, installed by npm. One for each test file: `await using browser = await openBrowser()`. */
export interface TestBrowser extends AsyncDisposable {
  /** A visitor of its own: cookies are shared with no other. */
  context(options?: VisitorOptions): Promise<BrowserContext>
  page(options?: VisitorOptions): Promise<Page>
}

export interface VisitorOptions {
  /** Whether pages may run scripts: by default they may not. */
  script?: boolean
  dark?: boolean
  width?: number
  height?: number
}

export async function openBrowser(): Promise<TestBrowser> {
  const browser: Browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      '--hide-scrollbars',
    ],
  })
  const context = ({
    script = false,
    dark = false,
    width = 1280,
    height = 900,
  }: VisitorOptions = {}) =>
    browser.newContext({
      javaScriptEnabled: script,
      colorScheme: dark ? 'dark' : 'light',
      viewport: { width, height },
      locale: 'en-GB',
      timezoneId: 'UTC',
    })
  return {
    context,
    async page(options) {
      return (await context(options)).newPage()
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

/** Gives the page a device that holds passkeys and confirms at once that its owner is there. */
export async function addAuthenticator(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}
