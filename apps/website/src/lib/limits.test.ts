import { memory } from 'millpond/memory'
import { expect, it } from 'vitest'
import { createLimits } from './limits.ts'

it('createLimits() gives each policy its short form, which counts as a take of several does', async () => {
  const store = memory()
  const limits = createLimits({ store, keySecret: 'k'.repeat(32) })
  const first = []
  for (let nth = 0; nth < 4; nth += 1) first.push(await limits.waitlist.limit('192.0.2.1'))
  const together = await limits.take([
    { policy: 'global', key: '192.0.2.1' },
    { policy: 'waitlist', key: '192.0.2.1' },
  ])
  const [refused, other] = [await limits.waitlist.limit('192.0.2.1'), await limits.waitlist.limit('192.0.2.2')]
  expect([...first, together, refused, other].map(({ allowed }) => allowed)).toEqual([
    ...[true, true, true, true, true],
    false,
    true,
  ])
  limits.close()
  await store.close()
})
