import { apiRoute } from '../../../api/api-route.ts'
import { answerContact, refuseContact } from '../../../contact/answer-contact.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'general', handle: answerContact, refuse: refuseContact },
})
