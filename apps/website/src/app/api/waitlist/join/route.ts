import { apiRoute } from '../../../../api/api-route.ts'
import { answerJoin, joinReturns } from '../../../../waitlist/answer-join.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'waitlist', handle: answerJoin, ...joinReturns },
})
