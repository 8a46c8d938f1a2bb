import { encodeError } from './encode.ts'

/** What goes back over HTTP: a status, and a JSON text or (format `resp2`) the bytes of replies. */
export interface Answer {
  readonly status: number
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer that carries only `{"error":…}`. */
export function errorAnswer(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: encodeError(message), headers }
}
