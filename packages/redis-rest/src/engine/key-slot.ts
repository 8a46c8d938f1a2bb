export const slotCount = 16_384

/** CRC-16/XMODEM, polynomial 0x1021. */
function crcOfByte(byte: number): number {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  return crc & 0xffff
}

const crcTable = Array.from({ length: 256 }, (_, byte) => crcOfByte(byte))

/** The part of a key between the first `{` and the next `}`, when it is not empty; else all of it. */
function hashedPart(key: Buffer): Buffer {
  const open = key.indexOf('{')
  if (open === -1) return key
  const close = key.indexOf('}', open + 1)
  return close > open + 1 ? key.subarray(open + 1, close) : key
}

/** The slot of a key in a Redis Cluster, 0 to 16383. */
export function toKeySlot(key: string | Buffer): number {
  let crc = 0
  for (const byte of hashedPart(Buffer.from(key))) {
    crc = ((crc << 8) & 0xffff) ^ (crcTable[((crc >> 8) ^ byte) & 0xff] ?? 0)
  }
  return crc % slotCount
}
