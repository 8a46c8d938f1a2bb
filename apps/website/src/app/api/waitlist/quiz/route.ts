import { apiRoute } from '../../../../api/api-route.ts'
import { answerQuiz, quizReturns } from '../../../../waitlist/answer-person.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'general', handle: answerQuiz, ...quizReturns },
})
