import { apiRoute } from '../../../../api/api-route.ts'
import { answerConfirm, confirmReturns } from '../../../../waitlist/answer-confirm.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'general', handle: answerConfirm, ...confirmReturns },
})
