import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { ApiEnv } from '../api-env.ts'
import type { DevelopmentIssuer } from '../auth/development-issuer.ts'
import { UserId } from '../auth/user-id.ts'
import { PERSONAS } from '../demo/personas.ts'
import { documentRoute, problems } from '../document-route.ts'
import { readJsonBody } from '../read-request.ts'

const MAX_BYTES = 4096
const TokenRequest = z
  .object({ sub: UserId.openapi({ type: 'string', format: 'uuid' }) })
  .openapi('DevelopmentTokenRequest')
const TokenAnswer = z.object({ token: z.string(), sub: z.string() }).openapi('DevelopmentToken')

export const PersonaList = z
  .object({
    personas: z.array(z.object({ name: z.string(), about: z.string(), sub: z.string(), token: z.string() })),
  })
  .openapi('DevelopmentPersonas')

/** A token for anyone who asks, so that a second user can be tried. Exists only with the development issuer. */
export function developmentRoutes(issuer: DevelopmentIssuer): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>()
  documentRoute(
    app,
    {
      method: 'post',
      path: '/token',
      tags: ['Development'],
      summary: 'A token for any user, without a password',
      request: { body: { required: true, content: { 'application/json': { schema: TokenRequest } } } },
      responses: {
        200: {
          description: 'A token that is valid for 30 days',
          content: { 'application/json': { schema: TokenAnswer } },
        },
        ...problems(400, 413, 415),
      },
    },
    async (c) => {
      const { sub } = await readJsonBody(c, { schema: TokenRequest, maxBytes: MAX_BYTES })
      return c.json({ token: await issuer.mint(sub), sub }, 200, { 'Cache-Control': 'no-store' })
    },
  )
  documentRoute(
    app,
    {
      method: 'get',
      path: '/personas',
      tags: ['Development'],
      summary: 'The people of the demo data, with a token for each',
      responses: {
        200: { description: 'Who there is', content: { 'application/json': { schema: PersonaList } } },
        ...problems(),
      },
    },
    async (c) => {
      const personas = await Promise.all(
        PERSONAS.map(async ({ name, about, userId, email }) => ({
          name,
          about,
          sub: userId,
          token: await issuer.mint(userId, { email }),
        })),
      )
      return c.json({ personas }, 200, { 'Cache-Control': 'no-store' })
    },
  )
  return app
}
