/** One measured point. */
export interface Point {
  /** Acknowledged. */
  readonly done: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** How often clients in other processes were told to come again. */
  readonly toldAgain?: number;
}

export function latencyOf(millis: number[]): Pick<Point, 'p50' | 'p95' | 'p99'> {
  const sorted = Float64Array.from(millis).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/**
 * So many clients, each sending its next request when the last one is answered.
 * @param send resolves to whether it was acknowledged; throwing ends the run
 */
export async function closedLoop(
  clients: number,
  seconds: number,
  send: (client: number) => Promise<boolean>,
): Promise<Point> {
  const millis: number[] = [];
  let done = 0;
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() < until) {
        const sentAt = performance.now();
        if (await send(client)) done++;
        millis.push(performance.now() - sentAt);
      }
    }),
  );
  const elapsed = (performance.now() - startedAt) / 1_000;
  return { done, perSecond: done / elapsed, ...latencyOf(millis) };
}
