import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isNextsOwn, isSitePath, mailboxPath, probePaths, publicPaths } from './site-paths.ts'

const app = join(import.meta.dirname, '../app')
const pages = readdirSync(app, { recursive: true, encoding: 'utf8' })
  .filter((file) => /(^|\/)page\.tsx$/.test(file) && !file.includes('['))
  .map((file) => `/${file.replace(/\/?page\.tsx$/, '')}`)

describe('isSitePath()', () => {
  it('knows every page that there is, and no other path', () => {
    // No pages, but known.
    expect(probePaths.every((path) => isSitePath(path, { hasLocalMailbox: false }))).toBe(true)
    const is = (path: string) => isSitePath(path, { hasLocalMailbox: true })
    expect([pages.filter((path) => !is(path)), pages.filter((path) => !is(`${path}/`))]).toEqual([[], []])
    expect([...publicPaths, '/me', '/confirm', mailboxPath].sort()).toEqual(pages.sort())
    expect(['/missing', '/Me', '/me/x', '//', '/favicon.ico', '/about.html'].filter(is)).toEqual(['//'])
    expect(isSitePath(mailboxPath, { hasLocalMailbox: false })).toBe(false)
  })
})

describe('isNextsOwn()', () => {
  it('knows what only a developing Next answers, and nothing that is missing', () => {
    expect(['/_next/webpack-hmr', '/__nextjs_original-stack-frames'].map(isNextsOwn)).toEqual([true, true])
    expect(['/', '/me', '/next', '/missing', '/_nothing', '/a/_next'].map(isNextsOwn)).toEqual(Array(6).fill(false))
  })
})
