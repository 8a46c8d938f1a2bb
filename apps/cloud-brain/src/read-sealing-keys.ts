import { SEALING_KEY_BYTES, type SealingKey } from './seal.ts'

/** `id:base64,id:base64`; undefined when any of it is malformed or an id comes twice. */
export function readSealingKeys(value: string): readonly [SealingKey, ...SealingKey[]] | undefined {
  const keys = value.split(',').map((pair) => {
    const [, id = '', text = ''] = /^\s*([A-Za-z0-9][A-Za-z0-9_-]{0,31}):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(pair) ?? []
    return { id, key: Buffer.from(text, 'base64') }
  })
  const isSound = keys.every(({ id, key }) => id !== '' && key.length === SEALING_KEY_BYTES)
  const [first, ...rest] = keys
  return first && isSound && new Set(keys.map(({ id }) => id)).size === keys.length ? [first, ...rest] : undefined
}
