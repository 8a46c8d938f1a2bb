import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/**
 * The size of a bundle of `code`, minified, in bytes: as it is and compressed by gzip. Platform `neutral` refuses every module of
 * Node.js, so what is measured there also runs at the edge. `inputs` says how many of the bytes came from each file, the most first. Rejects when
 * something cannot be found.
 * @param {string} code
 * @param {string} folder from which imports are resolved
 * @param {'neutral' | 'node' | 'browser'} [platform]
 */
export async function bundledSize(code, folder, platform = 'neutral') {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    outfile: 'bundle.js',
    format: 'esm',
    target: 'es2022',
    platform,
    mainFields: ['module', 'main'],
    conditions: ['import'],
    logLevel: 'silent',
  })
  const bytes = outputFiles[0]?.contents ?? new Uint8Array()
  const inputs = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .map(([file, { bytesInOutput }]) => ({ file, bytes: bytesInOutput }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
  return { bytes: bytes.length, gzipBytes: gzipSync(bytes, { level: 9 }).length, inputs }
}
