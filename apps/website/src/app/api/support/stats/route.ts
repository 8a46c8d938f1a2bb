import { apiRoute, cachedRead } from '../../../../api/api-route.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({ GET: cachedRead((cache) => cache.support.peek()) })
