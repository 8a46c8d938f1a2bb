import { expect, it } from 'vitest'
import { isAdminRoute } from './admin-routes.ts'

it('isAdminRoute() matches the whole path and nothing like it', () => {
  expect(isAdminRoute('/api/support/admin/contribute')).toBe(true)
  const others = [
    '/api/support/admin',
    '/api/support/admin/contribute/',
    '/api/support/admin/contribute/x',
    '/api/waitlist/join/api/support/admin/contribute',
    '/API/support/admin/contribute',
    '/api/support/%61dmin/contribute',
    '/api/admin',
  ]
  expect(others.filter(isAdminRoute)).toEqual([])
})
