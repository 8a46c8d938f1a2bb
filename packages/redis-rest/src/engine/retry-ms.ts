/**
 * Milliseconds to wait before connecting to Redis anew after so many attempts that failed in a row: 25, twice as long each time, at most 250. Longer would be added to every outage, and an
 * attempt costs next to nothing.
 */
export function retryMs(failures: number): number {
  return Math.min(25 * 2 ** Math.min(failures, 10), 250)
}
