import { apiRoute } from '../../../../api/api-route.ts'
import { answerStatus } from '../../../../waitlist/answer-person.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  GET: { policy: 'general', handle: answerStatus },
})
