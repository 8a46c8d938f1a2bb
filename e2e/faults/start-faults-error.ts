export class StartFaultsError extends Error {
  readonly code = 'START_FAULTS'

  constructor(part: string, reason: string) {
    super(`Cannot start ${part}: ${reason}`)
    this.name = 'StartFaultsError'
  }
}
