import { join } from 'node:path'

// Read when Next has loaded this file and makes its reporter, in a build as well as in development.
process.env.NEXT_TELEMETRY_DISABLED = '1'

/** Headers that are the same on every response. The content security policy carries a nonce and is set by src/proxy.ts. */
const staticHeaders = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'Referrer-Policy', value: 'strict-origin-when-cross-origin' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), geolocation=(), microphone=(), browsing-topics=()' },
]

/** @type {import('next').NextConfig} */
export default {
  // The workspace root: packages are linked from there, and without it Next guesses by looking for lock files.
  turbopack: { root: join(import.meta.dirname, '../..') },
  // One instance each per process: they hold classes and WebAssembly that must not be bundled twice. So is pg, by Next's own
  // list. The workspace's packages are bundled whatever is said here: Next leaves out only what really lies in node_modules.
  serverExternalPackages: ['@electric-sql/pglite', 'drizzle-orm'],
  // `tsc -p` and biome check the types; doing it again here would double the build's time.
  typescript: { ignoreBuildErrors: true },
  // A 308 for a trailing slash would leave before the proxy and so without rate-limit headers.
  skipTrailingSlashRedirect: true,
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
  allowedDevOrigins: ['127.0.0.1', 'localhost'],
  agentRules: false,
  headers: async () => [{ source: '/:path*', headers: staticHeaders }],
}
