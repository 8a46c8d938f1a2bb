import { expect, it } from 'vitest'
import { pagePolicy } from './content-policy.ts'

it('pagePolicy() names this host and the nonce only', () => {
  expect(pagePolicy('bm9uY2U=', { dev: false })).toBe(
    "default-src 'self'; script-src 'self' 'nonce-bm9uY2U=' 'strict-dynamic'; style-src 'self' 'nonce-bm9uY2U='; " +
      "img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; " +
      "form-action 'self'; frame-ancestors 'none'",
  )
})
