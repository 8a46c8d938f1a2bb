/** What the cookies of this name in a `Cookie` header hold, in its order: a sibling's host can have set one beside ours. */
export function readCookies(header: string | null, name: string): string[] {
  return (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1))
}
