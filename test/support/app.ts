import { type App, createApp } from '../../server/app.ts'
import { type Overrides } from '../../server/open-access.ts'
import type { Settings } from '../../server/config/load.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { testSettings } from './access.ts'

export interface TestApp extends App {
  settings: Settings
}

/**
 * The whole application on this database, without a network: `app.http.inject` calls it. What it does
 * after an answer, it does soon.
 */
export async function openTestApp(
  location: DatabaseLocation,
  { settings: changes = {}, ...overrides }: Overrides & { settings?: Partial<Settings> } = {},
): Promise<TestApp> {
  const settings = testSettings(location, { log: { level: 'silent' }, ...changes })
  return {
    ...(await createApp(settings, { backgroundDelay: { least: 0, most: 5 }, ...overrides })),
    settings,
  }
}
