/** Tells how far a long piece of work is. */
export type Progress = { tell(done: number, total: number): void; end(): void }

type Output = { isTTY?: boolean; write(text: string): unknown }

/** On a terminal one line that changes; elsewhere a line for every tenth. */
export function createProgress(title: string, output: Output = process.stderr): Progress {
  let told = -1
  const isTerminal = output.isTTY === true
  return {
    tell(done, total) {
      const percent = total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100))
      const step = isTerminal ? percent : Math.floor(percent / 10) * 10
      if (step === told) return
      told = step
      output.write(isTerminal ? `\r${title}: ${step} %` : `${title}: ${step} %\n`)
    },
    end: () => void (isTerminal && told >= 0 && output.write('\n')),
  }
}
