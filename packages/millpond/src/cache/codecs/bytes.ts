import { fromBase64, toBase64 } from '../base64.ts'
import type { Codec } from '../codec.ts'

/**
 * Keeps a Uint8Array as bytes, over connections and REST alike: in base64, a third larger. Each read gets bytes of its own.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { bytes } from 'millpond/codec'
 * import { memory } from 'millpond/memory'
 *
 * const cache = createCache({ store: memory(), namespace: 'shop' })
 * const icon = cache.define({ name: 'icon', ttl: '1h', codec: bytes, load: async () => new Uint8Array([1, 2, 3]) })
 * console.log((await icon.get()).value.length) // 3
 * ```
 */
export const bytes: Codec<Uint8Array> = {
  name: 'bytes',
  encode(value) {
    if (!(value instanceof Uint8Array)) throw new TypeError(`must be a Uint8Array, received ${typeof value}`)
    return toBase64(value)
  },
  decode: fromBase64,
}
