import { defineConfig } from 'vitest/config'

/** What needs only Node and npm. What needs more is in `test/outside/` (`vitest.outside.config.ts`). */
export default defineConfig({
  test: {
    include: ['{server,bench,scripts}/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/outside/**'],
    // Its modules name each other without an ending, which Node does not resolve.
    server: { deps: { inline: ['@openid/appauth'] } },
    globalSetup: ['test/support/global-setup.ts'],
    // Generous, for two slow cores that also run a Postgres and the servers under test.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: 'test-results/tests.json' }]]
      : ['default'],
  },
})
