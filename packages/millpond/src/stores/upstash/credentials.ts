const PLACEHOLDER =
  /^<.*>$|your[-_ ]|change[-_ ]?me|replace[-_ ]?me|placeholder|^(x{3,}|\*{3,}|todo|none|null|undefined|token|secret|example)$/i
const PLACEHOLDER_HOST = /(^|\.)(example|your[-a-z]*|xxx+)\.upstash\.io$|(^|\.)example\.(com|org|net)$/i

/**
 * Checks an address and a token. No message holds the token.
 *
 * @throws {TypeError} naming the field and what is wrong with it
 */
export function readCredentials(given: { url: string; token: string }): { url: URL; token: string } {
  const fail = (field: string, rule: string): never => {
    throw new TypeError(`Cannot create an Upstash store: "${field}" must be ${rule}`)
  }
  const { url: address, token }: typeof given = Object(given)
  if (typeof address !== 'string' || address.trim() === '')
    return fail('url', 'the REST address of the database, received nothing')
  if (PLACEHOLDER.test(address.trim())) return fail('url', 'the REST address of the database, received a placeholder')
  const url = URL.canParse(address)
    ? new URL(address)
    : fail('url', 'an address such as https://name.upstash.io, received a malformed one')
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return fail('url', `an http or https address, received ${url.protocol}`)
  if (PLACEHOLDER_HOST.test(url.hostname))
    return fail('url', `the REST address of a real database, received the placeholder ${url.hostname}`)
  if (typeof token !== 'string' || token.trim() === '')
    return fail('token', 'the REST token of the database, received nothing')
  if (PLACEHOLDER.test(token.trim())) return fail('token', 'the REST token of the database, received a placeholder')
  return { url, token: token.trim() }
}
