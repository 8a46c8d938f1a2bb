import { expect, it } from 'vitest'
import { toPseudonym } from './pseudonym.ts'

it('toPseudonym() is stable, depends on the secret, and has many names', () => {
  const secret = 's'.repeat(32)
  const names = Array.from({ length: 2_000 }, (_, nth) => toPseudonym(`person-${nth}`, secret))
  expect(toPseudonym('person-0', secret)).toBe(names[0])
  expect(toPseudonym('person-0', 't'.repeat(32))).not.toBe(names[0])
  expect(names.every((name) => /^[A-Z][a-z]+ [A-Z][a-z]+$/.test(name))).toBe(true)
  expect(new Set(names).size).toBeGreaterThan(700)
})
