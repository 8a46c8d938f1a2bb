import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readLuaTokens, toMinifiedLua, toScopes, toShortNames } from './minify-lua.mjs'
import { minifyTemplates } from './minify-templates.mjs'

const folder = new URL('../../packages/millpond/src/stores/lua/', import.meta.url)
const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))

const toTokens = (file: string, template: RegExp) =>
  [...file.matchAll(template)].map(([, source = '']) => readLuaTokens(source))

const isVariable = (tokens: ReturnType<typeof readLuaTokens>, index: number) =>
  tokens[index]?.kind === 'name' && tokens[index - 1]?.text !== '.'

function minify(source: string): string {
  const tokens = readLuaTokens(source)
  return toMinifiedLua(tokens, toShortNames([tokens]))
}

test('minifyTemplates() leaves the tokens of our scripts as they are, but for names', () => {
  const ours = sources.flatMap((source) => toTokens(source, /\blua`([^`]*)`/g))
  const names = toShortNames(ours)
  const all = minifyTemplates(sources).join('\n')
  const theirs = [...all.matchAll(/`([^`]*)`/g)].map(([, text = '']) => text)
  expect(ours.length).toBeGreaterThan(10)
  for (const tokens of ours) {
    const short = theirs.find((text) => text === toMinifiedLua(tokens, names)) ?? ''
    const renamed = tokens.map(({ text }, index) => (isVariable(tokens, index) ? (names.get(text) ?? text) : text))
    expect(readLuaTokens(short).map(({ text }) => text)).toEqual(renamed)
  }
})

test('toShortNames() gives no two names of one scope of our scripts the same short one', () => {
  const ours = sources.flatMap((source) => toTokens(source, /\blua`([^`]*)`/g))
  const short = toShortNames(ours)
  for (const tokens of toScopes(ours)) {
    const names = new Set(tokens.filter((_, index) => isVariable(tokens, index)).map(({ text }) => text))
    expect(new Set([...names].map((name) => short.get(name) ?? name)).size).toBe(names.size)
  }
})

test('minifyTemplates() keeps the lines of JavaScript', () => {
  const [file = ''] = minifyTemplates(['const A = lua`\nlocal one = 1\n\nreturn one -- done\n`\nconst B = 2\n'])
  expect(file).toBe('const A = `local a=1 return a`\n\n\n\n\nconst B = 2\n')
})

test.each([
  ["return redis.call('GET', KEYS[1])", "return redis.call('GET',KEYS[1])"],
  ["local get = 'a  --  b'\nreturn get .. 1 .. ''", "local a='a  --  b'return a..1 ..''"],
  ['local left, right = 3, -1\nreturn left - -right - 1', 'local a,b=3,-1 return a- -b-1'],
  ['local set = {}\nset.set = { set }\nreturn set[set.set]', 'local a={}a.set={a}return a[a.set]'],
  ['local function grow(by) return by + a end', 'local function b(c)return c+a end'],
  [
    'local base = 1\nlocal function one(x) return x + base end\nlocal function two(y) if y then return one(y) end end',
    'local b=1 local function a(c)return c+b end local function c(b)if b then return a(b)end end',
  ],
  [`local head = 1\n\${REST}\nreturn head`, `local a=1\n\${REST}\nreturn a`],
])('toMinifiedLua() of %j gives %j', (source, minified) => {
  expect(minify(source)).toBe(minified)
})

test.each([
  ['a backslash', "return '\\n'"],
  ['a long string', 'return [[text]]'],
  ['a long comment', '--[[ note ]] return 1'],
  ['a line that may go on with the one before', "local a = b\n(print or error)('')"],
  ['a table with named fields', 'local a = 1 return { a = a }'],
  ['a local named like a global', 'local KEYS = KEYS'],
])('minify refuses %s', (_, source) => {
  expect(() => minify(source)).toThrow('Cannot minify Lua')
})
