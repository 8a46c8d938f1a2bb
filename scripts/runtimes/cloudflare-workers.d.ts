/** What `wrangler types` writes for a project, as far as the worker here and the one of the guide need it. */
declare module 'cloudflare:workers' {
  export const env: {
    readonly UPSTASH_REDIS_REST_URL: string
    readonly UPSTASH_REDIS_REST_TOKEN: string
  }
  export function waitUntil(work: Promise<unknown>): void
}
