#!/usr/bin/env node
// In the repository, so that npm links the command in a clone too, whose `dist` is not there yet.
import { existsSync } from 'node:fs'

const cli = new URL('../dist/cli.js', import.meta.url)
if (existsSync(cli)) await import(cli.href)
else {
  console.error('millpond-rest: this clone is not built yet: run npm run build -w packages/redis-rest')
  process.exitCode = 1
}
