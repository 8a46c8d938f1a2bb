import { apiRoute } from '../../../../api/api-route.ts'
import { answerLive } from '../../../../waitlist/answer-live.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  GET: { policy: 'general', handle: answerLive },
})
