/** The bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  const step = 8_192
  for (let start = 0; start < bytes.length; start += step)
    text += String.fromCharCode(...bytes.subarray(start, start + step))
  return btoa(text)
}

/** The bytes of a text in base64; throws for any other text. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
