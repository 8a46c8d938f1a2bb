/** How long what is kept, in days. The privacy page reads its words from here, so that they say what is done. */
export const keptDays = {
  /** An address that never confirmed, since it joined. */
  unconfirmed: 30,
  /** A person on the list, since they confirmed. */
  confirmed: 730,
  /** A message to the team, since it was written. */
  contact: 365,
  /** The note that a mail was sent, or given up; it names a row and no address. */
  outbox: 30,
  /** A mail in the local mailbox, which exists in development only. */
  localMail: 30,
} as const
