/** What decides the slot of a limit's key. */
export function toHashTag(key: string): string {
  return key.slice(key.indexOf('{') + 1, key.indexOf('}'))
}
