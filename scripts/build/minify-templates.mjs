import { readLuaTokens, toMinifiedLua, toShortNames } from './minify-lua.mjs'

const TEMPLATE = /\blua ?`([^`\\]*)`/g

/**
 * Shortens the Lua in the templates that JavaScript marks with `lua`, all with the same short names. Lines stay where they are, for source maps.
 * @param {readonly string[]} files texts of JavaScript
 */
export function minifyTemplates(files) {
  const pieces = files.map((file) => [...file.matchAll(TEMPLATE)].map(([, source = '']) => readLuaTokens(source)))
  const names = toShortNames(pieces.flat())
  return files.map((file, at) => {
    const tokens = pieces[at]?.values()
    return file.replace(TEMPLATE, (template) => {
      const lua = toMinifiedLua(tokens?.next().value ?? [], names)
      return `\`${lua}\`${'\n'.repeat(countLines(template) - countLines(lua))}`
    })
  })
}

/** @param {string} text */
const countLines = (text) => text.split('\n').length
