import { join } from 'node:path'

process.env.NEXT_TELEMETRY_DISABLED = '1'

/** @type {import('next').NextConfig} */
export default {
  turbopack: { root: join(import.meta.dirname, '../../..') },
  serverExternalPackages: ['millpond', '@upstash/ratelimit', '@upstash/redis'],
  poweredByHeader: false,
}
