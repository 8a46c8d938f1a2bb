import { problem } from 'millpond/http'
import { apiRoute } from '../../../api/api-route.ts'

const missing = {
  policy: undefined,
  handle: async () => problem({ status: 404, title: 'Not found', detail: 'There is nothing under this address' }),
} as const

/** What no route answers is problem+json too, with the headers of its limits. */
export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  GET: missing,
  POST: missing,
  PUT: missing,
  PATCH: missing,
  DELETE: missing,
  OPTIONS: missing,
})
