/**
 * An argument as Redis compares options: without regard to case, and only up to a NUL, where the strings of C end. `STORE\0` is STORE
 * to it, so whoever looks for STORE has to see one there too.
 */
export function toWord(argument: string | Buffer | undefined): string {
  const text = argument?.toString() ?? ''
  const end = text.indexOf('\0')
  return (end === -1 ? text : text.slice(0, end)).toUpperCase()
}
