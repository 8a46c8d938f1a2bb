import { z } from 'zod'

/** More marks than any script puts on one letter: they would run over the lines above and below. */
const pile = /\p{M}{5}/u

/** One half of a character: no encoding has it, so what is stored would not be what was sent. */
const half = /\p{Cs}/u

/** Line breaks would begin a mail header; the others turn what follows round, or are not to be seen. */
const hidden = /[\p{Cc}\u200B\u2060\uFEFF\u202A-\u202E\u2066-\u2069]/u

/** A text of another service without what is hidden in it or cut in half. */
export const stripHidden = (text: string): string =>
  text.replaceAll(new RegExp(`${hidden.source}|${half.source}`, 'gu'), '')

/** A line that reads as it was typed, trimmed: nothing in it is hidden, turned round, cut in half or piled up. */
export const readableLine = z
  .string({ error: 'must be text' })
  .trim()
  .refine((text) => !hidden.test(text) && !half.test(text), 'must not contain control characters')
  .refine((text) => !pile.test(text), 'must not pile up accents')

/** The same for several lines, which may be in scripts that need signs of direction. */
export const isReadableMessage = (text: string): boolean => !/[^\P{Cc}\n\t]/u.test(text) && !half.test(text)
