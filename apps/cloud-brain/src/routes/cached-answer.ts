import type { RouteConfig, z } from '@hono/zod-openapi'
import { toHeader } from '../document-route.ts'

const headers = {
  ...toHeader('Cache-Status', 'hit or miss, and why (RFC 9211)'),
  ...toHeader('ETag', 'Send it back in If-None-Match for a 304'),
}

/** The documented answers of a cached GET: 200 with its schema, and 304. */
export function cachedAnswer(description: string, schema: z.ZodType): RouteConfig['responses'] {
  return {
    200: { description, headers, content: { 'application/json': { schema } } },
    304: { description: 'Not changed since the ETag that was sent', headers },
  }
}
