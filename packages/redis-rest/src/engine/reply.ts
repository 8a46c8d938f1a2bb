/**
 * A reply of Redis as values: `null` for nil, a string for an integer (its exact decimal text), a Buffer for a status or bulk
 * string, an Error for an error inside an array, an array for an array.
 */
export type Reply = null | string | Buffer | Error | readonly Reply[]

/** What became of one command that was handed to an engine. */
export type Outcome =
  /** Redis answered; `frame` holds the bytes of the reply, in RESP2. */
  | { readonly kind: 'reply'; readonly frame: Buffer }
  /** Redis refused it; `message` is in Redis' own words, `frame` the bytes of its reply, if they are still that. */
  | { readonly kind: 'error'; readonly message: string; readonly frame?: Buffer }
  /** No answer from Redis; the message says whether the command may have run. */
  | { readonly kind: 'unavailable'; readonly message: string }
