#!/usr/bin/env node
// Plain JavaScript that any Node understands: it says which one is needed before anything can fail.
import { existsSync } from 'node:fs'

const NEEDED = 24

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  console.error(
    `Mapgate needs Node ${NEEDED} or newer; this is ${process.version} (${process.execPath}).\n` +
      'In a checkout, start it through npm (npm start, npm run mapgate -- --help): that brings its own Node.\n' +
      'Elsewhere, npx -p node@26 -p mapgate mapgate --help does the same.',
  )
  process.exit(1)
}

// A checkout runs from source; the published package holds the compiled files instead.
const source = new URL('../server/main.ts', import.meta.url)
const { main } = await import(
  existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href
)
await main(process.argv)
