/**
 * Marks a text as Lua, which the build shortens: comments and space go, and locals get short names, the same in all texts, since these are put together. A local must not be named like a global, and
 * no text may have a backslash or a statement that begins with a parenthesis; the build says so.
 */
export const lua = (texts: TemplateStringsArray, ...holes: readonly string[]): string => String.raw(texts, ...holes)

/** A Lua script and its SHA-1. */
export interface Script {
  readonly source: string
  /** Undefined until `ready` has resolved. */
  sha: string | undefined
  /** Computes it; until it is known each call does. */
  ready(): Promise<string>
}

/** Creates a script from its source. */
export function createScript(source: string): Script {
  const text = source.trim()
  const script: Script = {
    source: text,
    sha: undefined,
    async ready() {
      script.sha ??= await sha1(text)
      return script.sha
    },
  }
  return script
}

const keyLockingOf = new WeakMap<Script, Script>()

/** The script with the flag by which Upstash locks only the declared keys while it runs; without it a script there locks the whole database. */
export function toKeyLocking(script: Script): Script {
  const known = keyLockingOf.get(script)
  if (known) return known
  const flagged = createScript(`#!lua flags=allow-key-locking\n${script.source}`)
  keyLockingOf.set(script, flagged)
  return flagged
}

async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
