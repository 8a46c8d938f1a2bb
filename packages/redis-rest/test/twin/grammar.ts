import fc from 'fast-check'
import { placeholders, toWord, type Word } from './words.ts'

/** A form of a command that makes words. */
type Form = fc.Arbitrary<readonly Word[]>

function literal(text: string): Form {
  return fc.constantFrom(text, text, text.toLowerCase()).map((word) => [toWord(word)])
}

/** `zset#`: how many keys, then the keys. */
function counted(name: string): Form {
  return repeated(single(name)).map((words) => [toWord(String(words.length)), ...words])
}

/** `stream=id`: one to three keys, then as many of the other. */
function paired(names: string): Form {
  const [first = '', second = ''] = names.split('=')
  return fc
    .array(fc.tuple(single(first), single(second)), { minLength: 1, maxLength: 3 })
    .map((pairs) => [...pairs.flatMap(([one]) => one), ...pairs.flatMap(([, other]) => other)])
}

function single(name: string): Form {
  if (name.endsWith('#') && name.length > 1) return counted(name.slice(0, -1))
  if (name.includes('=') && name.length > 1) return paired(name)
  const found = placeholders[name]
  if (found !== undefined) return found.map((word) => [word])
  if (/[a-z]/.test(name)) throw new TypeError(`Cannot read the form: there is no placeholder "${name}"`)
  return literal(name)
}

function repeated(form: Form): Form {
  return fc.array(form, { minLength: 1, maxLength: 3 }).map((groups) => groups.flat())
}

function inOrder(forms: readonly Form[]): Form {
  return fc.tuple(...forms).map((groups) => groups.flat())
}

/** Reads alternatives up to `end`. */
function readForms(tokens: string[], end: string | undefined): Form[] {
  const alternatives: Form[] = []
  let sequence: Form[] = []
  for (let token = tokens.shift(); token !== end; token = tokens.shift()) {
    if (token === undefined) throw new TypeError(`Cannot read the form: "${end}" is missing`)
    if (token === '|') {
      alternatives.push(inOrder(sequence))
      sequence = []
    } else if (token === '+') {
      sequence.push(repeated(sequence.pop() ?? fc.constant([])))
    } else if (token === '[') {
      const options = readForms(tokens, ']')
      sequence.push(fc.oneof(fc.constant([]), ...options))
    } else if (token === '(') {
      sequence.push(fc.oneof(...readForms(tokens, ')')))
    } else {
      sequence.push(single(token))
    }
  }
  return [...alternatives, inOrder(sequence)]
}

/**
 * Reads a form such as `SET str value [ NX | EX time ]`: words in capitals stand for themselves, in small letters for a placeholder;
 * `[ ]` may be left out, `( | )` is one of several, and what `+` follows comes one to three times.
 */
export function readForm(text: string): Form {
  return fc.oneof(...readForms(text.split(' '), undefined))
}
