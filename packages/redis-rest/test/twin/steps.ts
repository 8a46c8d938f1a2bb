import fc from 'fast-check'
import { nameOf } from './expected.ts'
import { forms, reachingForms } from './forms.ts'
import { readForm } from './grammar.ts'
import { isText, type Step } from './send-step.ts'
import { junk, type TwinCommand, toWord, type Word } from './words.ts'

/** Their answers hang on the clock or on chance when they are changed. */
const leftAlone = /^(CLIENT|XCLAIM|XAUTOCLAIM|XPENDING|SCAN|SPOP|SRANDMEMBER|HRANDFIELD|ZRANDMEMBER)$/

const textOf = (word: Word | undefined): string => word?.bytes.toString().split('\0')[0]?.toUpperCase() ?? ''

/** Not so for what would expire while a sequence runs, or take its name from the clock. */
function isSteady(command: TwinCommand): boolean {
  const name = nameOf(command)
  const texts = command.map(textOf)
  const isSoon = (text: string | undefined): boolean => /^[1-9]\d{0,4}$/.test(text ?? '')
  if (name === 'XADD') return !texts.includes('*')
  if (/^P?(EXPIRE|SETEX)$/.test(name)) return !texts.some((text) => isSoon(text) || text === 'GT' || text === 'LT')
  if (name === 'SET' || name === 'GETEX') {
    return !texts.some((text, index) => /^[EP]X$/.test(text) && isSoon(texts[index + 1]))
  }
  return true
}

interface Mutation {
  readonly kind: 'none' | 'drop' | 'double' | 'swap' | 'insert' | 'replace' | 'append'
  readonly at: number
  readonly other: number
  readonly word: Word
}

function mutate(command: TwinCommand, { kind, at, other, word }: Mutation): TwinCommand {
  if (kind === 'none' || leftAlone.test(nameOf(command))) return command
  const index = 1 + (at % Math.max(1, command.length - 1))
  const here = command[index]
  if (here === undefined || kind === 'append') return [...command, word]
  switch (kind) {
    case 'drop':
      return command.toSpliced(index, 1)
    case 'double':
      return command.toSpliced(index, 0, here)
    case 'insert':
      return command.toSpliced(index, 0, word)
    case 'swap': {
      const second = 1 + (other % (command.length - 1))
      return command.with(index, command[second] ?? here).with(second, here)
    }
    default:
      return command.with(index, word)
  }
}

/** Replaces what stands behind a key and is none, so that the keys stay where they are. */
function mutateBehindKeys(command: TwinCommand, { kind, at, word }: Mutation): TwinCommand {
  const first = command.findIndex(({ role }) => role === 'key')
  const places = [...command.keys()].filter(
    (index) => first !== -1 && index > first && command[index]?.role === 'plain',
  )
  const place = places[at % Math.max(1, places.length)]
  return kind === 'none' || place === undefined || leftAlone.test(nameOf(command)) ? command : command.with(place, word)
}

const mutations: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant('none' as const) },
    { weight: 2, arbitrary: fc.constantFrom('drop', 'double', 'swap', 'insert', 'replace', 'append') },
  ),
  at: fc.nat(11),
  other: fc.nat(11),
  word: junk,
})

function withCase([name, ...rest]: TwinCommand, isSmall: boolean): TwinCommand {
  return name === undefined ? rest : [toWord(isSmall ? textOf(name).toLowerCase() : textOf(name)), ...rest]
}

const wellFormed = fc.oneof(...Object.values(forms).map((family) => fc.oneof(...family.map(readForm))))

const throughScript = fc
  .constantFrom(
    'return redis.pcall(unpack(ARGV))',
    'local all = {} for i, a in ipairs(ARGV) do all[i] = a end return redis.call(unpack(all))',
  )
  .map((script) => [toWord('EVAL'), toWord(script), toWord('0')])

/** What a token with a prefix might try in order to leave it, alone, changed, or from a script. */
export function reachingCommands(): fc.Arbitrary<TwinCommand> {
  const tried = fc
    .tuple(fc.oneof(wellFormed, fc.oneof(...reachingForms.map(readForm))), mutations)
    .map(([command, mutation]) => mutate(command, mutation))
  const scripted = fc.tuple(throughScript, tried).map((parts) => parts.flat())
  return fc.oneof({ weight: 2, arbitrary: tried }, { weight: 1, arbitrary: scripted })
}

/** Commands of every family, some of them with a word too many, too few, or out of place; `keepsKeys` leaves the keys where they are. */
export function commands(keepsKeys: boolean): fc.Arbitrary<TwinCommand> {
  const change = keepsKeys ? mutateBehindKeys : mutate
  return fc
    .tuple(wellFormed, mutations, fc.boolean())
    .map(([command, mutation, isSmall]) => withCase(change(command, mutation), isSmall))
    .filter(isSteady)
}

/** Requests in every form and format. A batch, which is JSON, holds only what is UTF-8. */
export function steps(keepsKeys: boolean): fc.Arbitrary<Step> {
  const one = commands(keepsKeys)
  const shared = {
    format: fc.constantFrom('text', 'base64', 'resp2'),
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    isBare: fc.boolean(),
    bodyAt: fc.nat(6),
  } as const
  const alone = fc.record({
    commands: fc.tuple(one),
    form: fc.constantFrom('body', 'path', 'path-body'),
    ...shared,
  })
  const batch = fc.record({
    commands: fc.array(one.filter(isText), { minLength: 1, maxLength: 6 }),
    form: fc.constantFrom('pipeline', 'transaction'),
    ...shared,
  })
  return fc.oneof({ weight: 4, arbitrary: alone }, { weight: 1, arbitrary: batch })
}
