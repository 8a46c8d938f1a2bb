import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCommand, parseCommands } from './command.ts'

describe('parseCommand()', () => {
  it('parseCommand() turns numbers and booleans into their text', () => {
    expect(parseCommand('["SET","k",1.0,-0,12345678901234567890,1e3,true,false,""]')).toEqual({
      kind: 'parsed',
      value: { name: 'SET', args: ['k', '1.0', '-0', '12345678901234567890', '1e3', 'true', 'false', ''] },
    })
  })

  const invalid: [string, string][] = [
    ['', 'ERR cannot read the request body: it is not JSON'],
    ['["get"', 'ERR cannot read the request body: it is not JSON'],
    ['{}', 'ERR cannot read the command: it must be a JSON array, received an object'],
    ['"get"', 'ERR cannot read the command: it must be a JSON array, received a string'],
    ['null', 'ERR cannot read the command: it must be a JSON array, received null'],
    ['[]', 'ERR cannot read the command: the array is empty'],
    ['[1]', 'ERR cannot read the command: its name must be a string, received a number'],
    ['[["get","k"]]', 'ERR cannot read the command: its name must be a string, received an array'],
    ['[""]', 'ERR cannot read the command: its name is empty'],
    [
      '["set","k",{}]',
      'ERR cannot read the command: argument 2 must be a string, number or boolean, received an object',
    ],
    ['["set",null]', 'ERR cannot read the command: argument 1 must be a string, number or boolean, received null'],
    ['["set",[1]]', 'ERR cannot read the command: argument 1 must be a string, number or boolean, received an array'],
  ]
  it.each(invalid)('parseCommand() refuses %s', (body, message) => {
    expect(parseCommand(body)).toEqual({ kind: 'invalid', message })
  })

  it('parseCommand() gives back every scalar as the text JSON writes for it', () => {
    const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.double({ noNaN: true }), fc.boolean())
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(scalar), (name, args) => {
        const finite = args.filter((argument) => argument !== Infinity && argument !== -Infinity)
        expect(parseCommand(JSON.stringify([name, ...finite]))).toEqual({
          kind: 'parsed',
          value: {
            name,
            args: finite.map((argument) => (typeof argument === 'string' ? argument : JSON.stringify(argument))),
          },
        })
      }),
      { numRuns: 1_000 },
    )
  })

  it('parseCommand() and parseCommands() answer any text without throwing', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.string({ unit: fc.constantFrom('[', ']', '"', ',', '1', '\\', '{', '}', ' ', 'e', '-', '.') }),
    )
    fc.assert(
      fc.property(anything, (body) => {
        expect(['parsed', 'invalid']).toContain(parseCommand(body).kind)
        expect(['parsed', 'invalid']).toContain(parseCommands(body).kind)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('parseCommands()', () => {
  it('parseCommands() reads commands in order', () => {
    expect(parseCommands('[["set","a",1.50],["get","a"]]')).toEqual({
      kind: 'parsed',
      value: [
        { name: 'set', args: ['a', '1.50'] },
        { name: 'get', args: ['a'] },
      ],
    })
  })

  const invalid: [string, string][] = [
    ['[]', 'ERR cannot read the request body: it has no commands'],
    ['{"0":["get","a"]}', 'ERR cannot read the request body: it must be an array of commands, received an object'],
    ['["get","a"]', 'ERR cannot read command 1: it must be a JSON array, received a string'],
    ['[["get","a"],[]]', 'ERR cannot read command 2: the array is empty'],
    [
      '[["get","a"],["set","a",null]]',
      'ERR cannot read command 2: argument 2 must be a string, number or boolean, received null',
    ],
  ]
  it.each(invalid)('parseCommands() refuses %s', (body, message) => {
    expect(parseCommands(body)).toEqual({ kind: 'invalid', message })
  })
})
