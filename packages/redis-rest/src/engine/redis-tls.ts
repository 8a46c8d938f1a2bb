import { X509Certificate } from 'node:crypto'
import { ConfigError } from '../errors.ts'

/** How the certificate of a Redis over TLS is checked. Without either, by the authorities that Node.js knows. */
export interface RedisTlsOptions {
  /** Certificates of authorities in PEM: one of them must have signed, and no other will do. */
  readonly ca?: string | Buffer | undefined
  /** The certificate is not checked: the connection is encrypted, to whoever answers. Default false. */
  readonly insecure?: boolean | undefined
}

/** Who must have signed the certificate of a server; nobody must for `unchecked`. */
export type Trust =
  | { readonly kind: 'known' }
  | { readonly kind: 'own'; readonly ca: string | Buffer }
  | { readonly kind: 'unchecked' }

const block = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]*-----END \1-----/g

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** Whether a text holds certificates in PEM, and none that cannot be read. Node.js itself skips what it cannot read, without a word. */
export function isCertificates(pem: string): boolean {
  const found = pem.match(block) ?? []
  const begun = pem.match(/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/g) ?? []
  return found.length > 0 && found.length === begun.length && found.every(isCertificate)
}

/** Throws {@link ConfigError}. */
export function readTrust({ ca, insecure = false }: RedisTlsOptions): Trust {
  if (typeof insecure !== 'boolean')
    throw new ConfigError('Cannot connect to Redis: "redisTls.insecure" must be true or false')
  if (ca === undefined) return { kind: insecure ? 'unchecked' : 'known' }
  if (insecure) throw new ConfigError('Cannot connect to Redis: "redisTls" must not have both "ca" and "insecure"')
  const isPem = (typeof ca === 'string' || Buffer.isBuffer(ca)) && isCertificates(ca.toString())
  if (isPem) return { kind: 'own', ca }
  const received = typeof ca === 'string' || Buffer.isBuffer(ca) ? 'a text that is not' : `a value of type ${typeof ca}`
  throw new ConfigError(`Cannot connect to Redis: "redisTls.ca" must be certificates in PEM, received ${received}`)
}
