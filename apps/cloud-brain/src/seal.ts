import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** A key for sealing, with the id by which sealed texts name it. */
export type SealingKey = { id: string; key: Buffer }

/** Encrypts texts that must not be readable in the database. `context` says whose and what it is: a text that is moved to another row does not open. */
export type Sealer = {
  seal(text: string, context: string): string
  /** @throws SealError when the key is unknown, or the text or its context was changed */
  open(sealed: string, context: string): string
}

export class SealError extends Error {
  readonly code = 'SEAL'
  override readonly name = 'SealError'
}

export const SEALING_KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Creates a sealer (AES-256-GCM). The first key seals; all of them open, so keys can be rotated. */
export function createSealer(keys: readonly [SealingKey, ...SealingKey[]]): Sealer {
  const [current] = keys
  const byId = new Map(keys.map(({ id, key }) => [id, key]))
  return {
    seal(text, context) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', current.key, nonce).setAAD(Buffer.from(context))
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${current.id}.${sealed.toString('base64url')}`
    },
    open(sealed, context) {
      const [id = '', body = ''] = sealed.split('.')
      const key = byId.get(id)
      if (!key) throw new SealError('Cannot open a sealed text: its key is not among the configured ones')
      const bytes = Buffer.from(body, 'base64url')
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        })
        decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES))
        return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      } catch (cause) {
        throw new SealError('Cannot open a sealed text: it or its context was changed', { cause })
      }
    },
  }
}
