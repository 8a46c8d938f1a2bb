import { apiRoute } from '../../../../api/api-route.ts'
import { answerLink, linkReturns } from '../../../../waitlist/answer-person.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'waitlist', handle: answerLink, ...linkReturns },
})
