/** The policy of a JSON answer: it needs nothing. */
export const apiPolicy = "default-src 'none'; frame-ancestors 'none'"

/**
 * The policy of a page: this host only, and of inline scripts only those that carry the nonce of this response.
 * `dev` adds what React's error overlay and hot reload need.
 */
export function pagePolicy(nonce: string, options: { dev: boolean }): string {
  const script = options.dev ? "'unsafe-eval'" : ''
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic' ${script}`.trimEnd(),
    `style-src 'self' ${options.dev ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    "font-src 'self'",
    options.dev ? "connect-src 'self' ws:" : "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
