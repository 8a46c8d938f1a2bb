import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'e2e', 'scripts', 'bench'],
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    maxWorkers: 2,
  },
})
