import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { buildables } from './buildables.mjs'
import { repositoryRoot } from './repository-root.mjs'

it('the site is built again when a package of this repository changes that it takes in', () => {
  const { folder, inputs, needs } = buildables.website
  const { dependencies } = JSON.parse(readFileSync(join(repositoryRoot, folder, 'package.json'), 'utf8'))
  const names = Object.keys(dependencies).filter((name) => existsSync(join(repositoryRoot, 'packages', name)))
  expect(names).toContain('postgres-pool')
  const known = [...needs, ...inputs.map((input) => input.replace('../../packages/', ''))]
  expect(names.filter((name) => !known.includes(name))).toEqual([])
})
