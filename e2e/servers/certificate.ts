import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'
import { installLine } from './install-lines.ts'
import { ServerStartError } from './owned-process.ts'

const program = findProgram('openssl')

/** The openssl on PATH; undefined when there is none. */
export const openssl: { readonly path: string } | undefined = program === undefined ? undefined : { path: program }

export interface Certificate {
  /** PEM, and the files that hold it. */
  readonly key: string
  readonly cert: string
  readonly keyFile: string
  readonly certFile: string
  /** With these a Redis server serves TLS to clients that need no certificate; its port is `--tls-port`. */
  readonly redisArgs: readonly string[]
}

/**
 * A key and a certificate for this machine, in files of that name in the folder. It is signed by `issuer`, or by itself, and made out to
 * `names` as OpenSSL writes them.
 */
export function createCertificate(
  folder: string,
  name: string,
  {
    issuer,
    names = 'IP:127.0.0.1,DNS:localhost',
  }: { readonly issuer?: Certificate | undefined; readonly names?: string } = {},
): Certificate {
  if (program === undefined) throw new ServerStartError('openssl', `Not installed: ${installLine.openssl}`)
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`]
  const signer = issuer === undefined ? [] : ['-CA', issuer.certFile, '-CAkey', issuer.keyFile]
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync(program, [...kind, '-keyout', keyFile, '-out', certFile, ...subject, ...signer], { stdio: 'ignore' })
  const files = [
    '--tls-cert-file',
    certFile,
    '--tls-key-file',
    keyFile,
    '--tls-ca-cert-file',
    issuer?.certFile ?? certFile,
  ]
  const [key, cert] = [readFileSync(keyFile, 'utf8'), readFileSync(certFile, 'utf8')]
  return { key, cert, keyFile, certFile, redisArgs: [...files, '--tls-auth-clients', 'no'] }
}
