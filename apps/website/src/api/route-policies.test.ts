import { expect, it } from 'vitest'
import { routePolicy } from './route-policies.ts'

it('routePolicy() knows the routes with a policy of their own by method and exact path', () => {
  const requests = [
    ['POST', '/api/waitlist/join'],
    ['POST', '/api/waitlist/join/'],
    ['GET', '/api/waitlist/join'],
    ['POST', '/api/waitlist/joins'],
    ['POST', '/x/api/waitlist/join'],
    ['GET', '/api/waitlist/stats'],
    ['POST', '/'],
  ] as const
  expect(requests.map(([method, path]) => routePolicy(method, path))).toEqual([
    'waitlist',
    'waitlist',
    'general',
    undefined,
    undefined,
    'general',
    undefined,
  ])
})
