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
 * Short names for the locals of pieces of Lua that may stand in one script together. Two names share a short one only where no function, and not what stands outside of functions, has both. Fields keep theirs.
 * @param {readonly (readonly Token[])[]} pieces
 * @returns {Map<string, string>}
 * @throws {SyntaxError} when a local is named like a global
 */
export function toShortNames(pieces) {
  const scopes = toScopes(pieces).map((tokens) => tokens.filter(isVariable).map(({ text }) => text))
  const locals = new Set(pieces.flatMap(findLocals))
  const global = [...locals].find((name) => GLOBALS.has(name))
  if (global) throw new SyntaxError(`Cannot minify Lua: a local must not be named like a global, received ${global}`)
  const others = new Set([...KEYWORDS, ...scopes.flat().filter((name) => !locals.has(name))])
  /** @type {Map<string, { uses: number, scopes: Set<number> }>} */
  const found = new Map([...locals].map((name) => [name, { uses: 0, scopes: new Set() }]))
  scopes.forEach((names, scope) => {
    for (const name of names) {
      const place = found.get(name)
      if (!place) continue
      place.uses += 1
      place.scopes.add(scope)
    }
  })
  const free = createNames(others).map((short) => ({ short, scopes: new Set() }))
  return new Map(
    [...found]
      .sort(([, a], [, b]) => b.uses - a.uses)
      .map(([name, place]) => {
        const choice = free.find(({ scopes }) => ![...place.scopes].some((scope) => scopes.has(scope)))
        if (!choice) throw new SyntaxError('Cannot minify Lua: a function must not have so many names')
        for (const scope of place.scopes) choice.scopes.add(scope)
        return [name, choice.short]
      }),
  )
}

/**
 * What stands outside of functions, in all pieces, and then each function that stands in no other.
 * @param {readonly (readonly Token[])[]} pieces
 */
export function toScopes(pieces) {
  /** @type {Token[]} */
  const outside = []
  /** @type {Token[][]} */
  const functions = []
  for (const tokens of pieces) {
    let depth = 0
    for (const token of tokens) {
      const opens = token.kind === 'name' && ['function', 'if', 'do', 'repeat'].includes(token.text)
      const closes = token.kind === 'name' && ['end', 'until'].includes(token.text)
      if (token.text === 'function' && depth === 0) functions.push([])
      if (depth > 0 || token.text === 'function') {
        functions.at(-1)?.push(token)
        depth += opens ? 1 : closes ? -1 : 0
      } else outside.push(token)
    }
  }
  return [[...outside, ...findFunctionNames(functions)], ...functions]
}

/**
 * The names by which what stands outside calls its functions.
 * @param {readonly (readonly Token[])[]} functions
 */
const findFunctionNames = (functions) => functions.flatMap(([, name]) => (name?.kind === 'name' ? [name] : []))

/**
 * Whether a token is a name that is looked up, not the field of a table.
 * @param {Pick<Token, 'kind'>} token
 * @param {number} index
 * @param {readonly Token[]} tokens
 */
function isVariable({ kind }, index, tokens) {
  return kind === 'name' && tokens[index - 1]?.text !== '.'
}

/**
 * What tokens of Lua mean, in as few characters as we know.
 * @param {readonly Token[]} tokens
 * @param {ReadonlyMap<string, string>} names
 */
export function toMinifiedLua(tokens, names) {
  let lua = ''
  tokens.forEach(({ kind, text }, index) => {
    const next = isVariable({ kind }, index, tokens) ? (names.get(text) ?? text) : text
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

/**
 * Names of one letter, then of two.
 * @param {ReadonlySet<string>} taken
 */
function createNames(taken) {
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ']
  return [...letters, ...letters.flatMap((a) => letters.map((b) => a + b))].filter((name) => !taken.has(name))
}
