const quote = 0x22
const backslash = 0x5c

function isNumberStart(code: number): boolean {
  return code === 0x2d || (code >= 0x30 && code <= 0x39)
}

function isNumberPart(code: number): boolean {
  return isNumberStart(code) || code === 0x2b || code === 0x2e || code === 0x45 || code === 0x65
}

/** The index after the string that opens at `start`. */
function skipString(json: string, start: number): number {
  let end = start
  let escapes: number
  do {
    end = json.indexOf('"', end + 1)
    escapes = 0
    while (json.charCodeAt(end - 1 - escapes) === backslash) escapes += 1
  } while (escapes % 2 === 1)
  return end + 1
}

function skipNumber(json: string, start: number): number {
  let end = start + 1
  while (isNumberPart(json.charCodeAt(end))) end += 1
  return end
}

/**
 * Valid JSON with every number turned into the string of its own text, so that parsing loses no digit: `[1.0,"2"]` becomes
 * `["1.0","2"]`. The input must be valid JSON.
 */
export function quoteNumbers(json: string): string {
  let result = ''
  let copied = 0
  let index = 0
  while (index < json.length) {
    const code = json.charCodeAt(index)
    if (code === quote) {
      index = skipString(json, index)
    } else if (isNumberStart(code)) {
      const end = skipNumber(json, index)
      result += `${json.slice(copied, index)}"${json.slice(index, end)}"`
      copied = end
      index = end
    } else {
      index += 1
    }
  }
  return result + json.slice(copied)
}
