import { expect, test } from 'vitest'
import { toEtag, toEtagLater } from './etag.ts'

const TEXTS = ['', '{"a":1}', 'é€😀', '\ud800', ...Array.from({ length: 300 }, (_, index) => `{"index":${index}}`)]

test('toEtag() gives the tag at once that every runtime gives later', async () => {
  for (const text of TEXTS) expect([text, toEtag(text)]).toEqual([text, await toEtagLater(text)])
})

test('toEtag() hashes a long text beside the event loop', async () => {
  const [longest, longer] = ['x'.repeat(65_536), 'x'.repeat(65_537)]
  expect(toEtag(longest)).toBe(await toEtagLater(longest))
  const later = toEtag(longer)
  expect(later).toBeInstanceOf(Promise)
  expect(await later).toBe(await toEtagLater(longer))
})
