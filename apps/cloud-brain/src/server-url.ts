/** A URL with a host, whose name and password a client can decode. */
const isServer =
  (...protocols: string[]) =>
  (value: string) => {
    if (!URL.canParse(value)) return false
    const { protocol, hostname, username, password } = new URL(value)
    return protocols.includes(protocol) && hostname !== '' && isDecodable(username + password)
  }

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

export const isRedisUrl = (value: string) =>
  isServer('redis:', 'rediss:')(value) && /^\/?\d*$/.test(new URL(value).pathname)
/** Without name and password, which fetch refuses. */
export const isRestUrl = (value: string) =>
  isServer('https:', 'http:')(value) && new URL(value).username + new URL(value).password === ''
