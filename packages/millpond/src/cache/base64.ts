/** The bytes as base64. Neither way goes through an iterator: that makes megabytes block the process for a tenth of a second each. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  const step = 8_192
  for (let start = 0; start < bytes.length; start += step)
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(start, start + step))
  return btoa(text)
}

/** The bytes of a text in base64; throws for any other text. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text)
  return new Uint8Array(characters.length).map((_, place) => characters.charCodeAt(place))
}
