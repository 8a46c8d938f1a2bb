/** Why an import cannot go on, in words for the person who started it; no value of the file is in them. */
export class ImportError extends Error {
  readonly code = 'IMPORT_FAILED'
  override readonly name = 'ImportError'
}
