import { defineConfig } from 'vitest/config'

/** Tests that need programs from outside npm; `.ci/run` installs them. */
export default defineConfig({
  test: {
    include: ['test/outside/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: 'test-results/outside.json' }]]
      : ['default'],
  },
})
