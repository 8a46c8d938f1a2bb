const TOKEN =
  /(?<comment>--(?!\[=*\[)[^\n]*)|(?<space>\s+)|(?<name>[A-Za-z_]\w*)|(?<number>0x[\da-fA-F]+|\d+(?:\.\d+)?)|(?<text>'[^'\\\n]*'|"[^"\\\n]*")|(?<hole>\$\{[^{}]*\})|(?<sign>\.\.\.|\.\.|==|~=|<=|>=|-(?!-)|\[(?!=*\[)|[+*/%^#<>=(){}\];:,.])/y

const KEYWORDS =
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while'.split(
    ' ',
  )

/** What a script in Redis finds; a local of such a name would be renamed together with it. */
const GLOBALS = new Set(
  '_G KEYS ARGV redis server string table math struct cjson cmsgpack bit tonumber tostring type next select pairs ipairs unpack rawget pcall error'.split(
    ' ',
  ),
)

/**
 * @typedef {object} Token
 * @property {'name' | 'number' | 'text' | 'hole' | 'sign'} kind a hole is a `${…}` of the template that the Lua stands in
 * @property {string} text
 * @property {boolean} startsLine
 */

/**
 * The tokens of Lua, without comments and space. Understands as much of Lua as our scripts are written in.
 * @param {string} source
 * @returns {Token[]}
 * @throws {SyntaxError} for anything else: a backslash, a long string, a line that begins with a parenthesis, a table with named fields
 */
export function readLuaTokens(source) {
  /** @type {Token[]} */
  const tokens = []
  let startsLine = true
  let depth = 0
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < source.length; ) {
    const at = TOKEN.lastIndex
    const found = TOKEN.exec(source)?.groups
    const [kind, text] = Object.entries(found ?? {}).find(([, part]) => part !== undefined) ?? []
    if (text === '{' || text === '}') depth += text === '{' ? 1 : -1
    if (kind === undefined || text === undefined || (startsLine && text === '(') || (depth > 0 && text === '=')) {
      throw new SyntaxError(
        `Cannot minify Lua: it must be as plain as is agreed, received ${source.slice(at, at + 40)}`,
      )
    }
    if (kind === 'space') startsLine ||= text.includes('\n')
    if (kind === 'space' || kind === 'comment') continue
    tokens.push({ kind: /** @type {Token['kind']} */ (kind), text, startsLine })
    startsLine = false
  }
  return tokens
}

/**
 * Short names for the locals of pieces of Lua that may stand in one script together: a name stands for the same in all of them. Fields keep theirs.
 * @param {readonly (readonly Token[])[]} pieces
 * @returns {Map<string, string>}
 * @throws {SyntaxError} when a local is named like a global
 */
export function toShortNames(pieces) {
  const names = pieces.flat().filter(({ kind }) => kind === 'name')
  const locals = new Set(pieces.flatMap(findLocals))
  const global = [...locals].find((name) => GLOBALS.has(name))
  if (global) throw new SyntaxError(`Cannot minify Lua: a local must not be named like a global, received ${global}`)
  const taken = new Set([...KEYWORDS, ...names.map(({ text }) => text).filter((name) => !locals.has(name))])
  /** @type {Map<string, number>} */
  const uses = new Map([...locals].map((name) => [name, 0]))
  for (const { text } of names) if (locals.has(text)) uses.set(text, (uses.get(text) ?? 0) + 1)
  const short = createNames(taken)
  return new Map([...uses].sort(([, a], [, b]) => b - a).map(([name]) => [name, short()]))
}

/**
 * What tokens of Lua mean, in as few characters as we know.
 * @param {readonly Token[]} tokens
 * @param {ReadonlyMap<string, string>} names
 */
export function toMinifiedLua(tokens, names) {
  let lua = ''
  tokens.forEach(({ kind, text }, index) => {
    const isField = tokens[index - 1]?.text === '.'
    const next = kind === 'name' && !isField ? (names.get(text) ?? text) : text
    const before = tokens[index - 1]
    if (before && needsSpace(before, lua.at(-1) ?? '', next))
      lua += before.kind === 'hole' || kind === 'hole' ? '\n' : ' '
    lua += next
  })
  return lua
}

/**
 * @param {Token} before
 * @param {string} last
 * @param {string} next
 */
function needsSpace(before, last, next) {
  if (before.kind === 'hole' || next.startsWith('$')) return true
  if (before.kind === 'number' && next.startsWith('.')) return true
  return /\w\w|--|\[\[|\[=|\.\./.test(last + next.slice(0, 1))
}

/**
 * The names that `local` and the heads of functions and loops declare.
 * @param {readonly Token[]} tokens
 */
function findLocals(tokens) {
  /** @type {string[]} */
  const found = []
  /** @param {number} from the first name of a list of names */
  const readList = (from) => {
    for (let at = from; tokens[at]?.kind === 'name'; at += 2) {
      found.push(tokens[at]?.text ?? '')
      if (tokens[at + 1]?.text !== ',') return
    }
  }
  tokens.forEach(({ kind, text }, index) => {
    if (kind !== 'name') return
    if (text === 'local') readList(index + (tokens[index + 1]?.text === 'function' ? 2 : 1))
    else if (text === 'for') readList(index + 1)
    else if (text === 'function') {
      const opening = tokens.findIndex((token, at) => at > index && token.text === '(')
      readList(opening + 1)
    }
  })
  return found
}

/** @param {ReadonlySet<string>} taken */
function createNames(taken) {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
  let count = 0
  const next = () => {
    const head = letters[count % letters.length] ?? ''
    const rest = Math.floor(count / letters.length)
    count += 1
    return rest === 0 ? head : `${head}${letters[rest - 1]}`
  }
  return () => {
    let name = next()
    while (taken.has(name)) name = next()
    return name
  }
}
