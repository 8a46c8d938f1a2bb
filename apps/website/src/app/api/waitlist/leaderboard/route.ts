import { cachedResponse } from 'millpond/http'
import { apiRoute } from '../../../../api/api-route.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  GET: {
    policy: 'general',
    handle: async ({ request, runtime }) => cachedResponse(request, await runtime.siteCache.leaderboard.get()),
  },
})
