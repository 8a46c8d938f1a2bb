import { apiRoute } from '../../../../../api/api-route.ts'
import { answerReverse } from '../../../../../waitlist/answer-leave.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'admin', handle: answerReverse },
})
