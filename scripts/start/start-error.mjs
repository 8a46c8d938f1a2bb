/** Why the system cannot start or go on, in one message for the person at the terminal. */
export class StartError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message)
    this.name = 'StartError'
    /** @type {'CANNOT_START'} */
    this.code = 'CANNOT_START'
  }
}
