import { rootCertificates } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import { isCertificates, readTrust } from './redis-tls.ts'

const [first = '', second = ''] = rootCertificates

describe('isCertificates()', () => {
  const cases: [boolean, string, string][] = [
    [true, 'one', first],
    [true, 'two with remarks', `# first\n${first}\r\n# second\n${second}\n`],
    [true, 'a key beside it', `-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n${first}`],
    [false, 'nothing', ''],
    [false, 'a key', '-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----'],
    [false, 'one that is cut off', first.slice(0, 200)],
    [false, 'one that is cut off beside another', `${first}\n${second.slice(0, 200)}`],
    [false, 'one that says something else', `${first}\n${second.replace('MII', 'AAA')}`],
  ]
  it.each(cases)('isCertificates() is %s for %s', (expected, _, text) => {
    expect(isCertificates(text)).toBe(expected)
  })
})

describe('readTrust()', () => {
  it('readTrust() gives who must have signed', () => {
    expect([{}, { insecure: false }, { ca: first }, { insecure: true }].map(readTrust)).toEqual([
      { kind: 'known' },
      { kind: 'known' },
      { kind: 'own', ca: first },
      { kind: 'unchecked' },
    ])
  })

  const refused: [object, string][] = [
    [{ ca: 'secret' }, '"redisTls.ca" must be certificates in PEM, received a text that is not'],
    [{ ca: Buffer.of(0x30) }, '"redisTls.ca" must be certificates in PEM, received a text that is not'],
    [{ ca: [first] }, '"redisTls.ca" must be certificates in PEM, received a value of type object'],
    [{ insecure: 'false' }, '"redisTls.insecure" must be true or false'],
    [{ ca: first, insecure: true }, '"redisTls" must not have both "ca" and "insecure"'],
  ]
  it.each(refused)('readTrust() refuses %j', (options, message) => {
    expect(() => readTrust(options)).toThrow(new ConfigError(`Cannot connect to Redis: ${message}`))
  })
})
