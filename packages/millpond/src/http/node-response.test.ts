import { expect, test } from 'vitest'
import { besides, toHeaders } from './node-response.ts'

test('toHeaders() keeps each value of a name, and leaves out what is no header: of HTTP/2, or undefined', () => {
  const headers = { ':path': '/', ':method': 'GET', 'x-user': 'alice', 'x-list': ['a', 'b'], 'x-none': undefined }
  expect([...toHeaders({ headers })]).toEqual([
    ['x-list', 'a, b'],
    ['x-user', 'alice'],
  ])
})

test.each([
  [undefined, 'vary', 'Origin', 'Origin'],
  ['Origin', 'vary', 'Accept', 'Origin, Accept'],
  [['Origin', 'Accept'], 'vary', 'Cookie', 'Origin,Accept, Cookie'],
  ['a=1', 'set-cookie', 'b=2', ['a=1', 'b=2']],
  [['a=1', 'b=2'], 'set-cookie', 'c=3', ['a=1', 'b=2', 'c=3']],
  ['one', 'x-kind', 'two', 'two'],
  [7, 'content-length', '8', '8'],
] as const)('besides() of %j gives with %s: %s the value %j', (before, name, value, both) => {
  expect(besides(before, name, value)).toEqual(both)
})
