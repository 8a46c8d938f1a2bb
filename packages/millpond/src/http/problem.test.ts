import { expect, test } from 'vitest'
import { problem } from './problem.ts'

test('problem() is a problem document that no cache keeps', async () => {
  const response = problem({ status: 409, title: 'Conflict', detail: 'taken', extensions: { field: 'name' } })
  expect([response.status, Object.fromEntries(response.headers)]).toEqual([
    409,
    { 'cache-control': 'no-store', 'content-type': 'application/problem+json' },
  ])
  expect(await response.json()).toEqual({
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    detail: 'taken',
    field: 'name',
  })
})

test('problem() sends headers once, whatever the case of their names', () => {
  const headers = { 'cache-control': 'max-age=60', 'content-type': 'text/html', allow: 'GET' }
  expect(Object.fromEntries(problem({ status: 405, title: 'Method Not Allowed', headers }).headers)).toEqual({
    allow: 'GET',
    'cache-control': 'max-age=60',
    'content-type': 'application/problem+json',
  })
})
