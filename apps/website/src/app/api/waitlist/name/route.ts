import { apiRoute } from '../../../../api/api-route.ts'
import { answerName, nameReturns } from '../../../../waitlist/answer-person.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'general', handle: answerName, ...nameReturns },
})
