import type { Command } from '../protocol/command.ts'

/** Commands as Redis reads them: texts to be sent as UTF-8, and Buffers, in order. */
export type Wire = (string | Buffer)[]

function byteLength(text: string): number {
  return text.length === 0 ? 0 : Buffer.byteLength(text)
}

/**
 * Appends the commands to `wire` and says by how much it grew, in characters and bytes. Neighbouring texts become one, so that a
 * batch of texts is one write.
 */
export function appendCommands(wire: Wire, commands: readonly Command[]): number {
  const last = wire.at(-1)
  let text = typeof last === 'string' ? last : ''
  let grown = -text.length
  if (typeof last === 'string') wire.pop()
  for (const { name, args } of commands) {
    text += `*${args.length + 1}\r\n$${byteLength(name)}\r\n${name}\r\n`
    for (const argument of args) {
      if (typeof argument === 'string') {
        text += `$${byteLength(argument)}\r\n${argument}\r\n`
        continue
      }
      text += `$${argument.length}\r\n`
      wire.push(text, argument)
      grown += text.length + argument.length
      text = '\r\n'
    }
  }
  wire.push(text)
  return grown + text.length
}
