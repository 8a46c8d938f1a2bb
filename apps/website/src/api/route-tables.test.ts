import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { isAdminRoute } from './admin-routes.ts'
import { isFormRoute } from './form-routes.ts'
import { routePolicy, takesEveryLimit } from './route-policies.ts'

const apiDir = join(import.meta.dirname, '../app/api')

/** What each route under /api declares of itself. */
const routes = readdirSync(apiDir, { encoding: 'utf8', recursive: true })
  .filter((file) => /[a-z]\/route\.ts$/.test(file))
  .map((file) => {
    const source = readFileSync(join(apiDir, file), 'utf8')
    const [, policy = 'general'] = /policy: '(\w+)'/.exec(source) ?? []
    const isPost = /POST: \{/.test(source)
    return {
      path: `/api/${dirname(file)}`,
      policy,
      isPost,
      hasPage: /Returns\b/.test(source),
      isCached: /cachedRead\(/.test(source),
    }
  })

it('what the proxy knows of each route is what the route declares', () => {
  expect(routes.length).toBeGreaterThan(15)
  const known = routes.map(({ path, isPost }) => ({
    path,
    isAdmin: isAdminRoute(path),
    policy: routePolicy(isPost ? 'POST' : 'GET', path),
    isForm: isFormRoute(path),
    isGuarded: takesEveryLimit('GET', path),
  }))
  expect(known).toEqual(
    routes.map(({ path, policy, hasPage, isCached }) => ({
      path,
      isAdmin: policy === 'admin',
      policy: policy === 'admin' ? undefined : policy,
      isForm: hasPage,
      isGuarded: isCached,
    })),
  )
  for (const { path } of routes)
    expect([path, takesEveryLimit('POST', path), takesEveryLimit('HEAD', path)]).toEqual([path, false, false])
})
