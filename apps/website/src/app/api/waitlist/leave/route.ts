import { apiRoute } from '../../../../api/api-route.ts'
import { answerLeave, leaveReturns } from '../../../../waitlist/answer-leave.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'general', handle: answerLeave, ...leaveReturns },
})
