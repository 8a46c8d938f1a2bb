import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'website',
    include: ['**/*.test.ts'],
    globalSetup: './test/build-site.ts',
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
})
