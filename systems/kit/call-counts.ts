/** Requests since the start (or the last reset), per route such as `POST /adjustments`. Requests hit by a fault count too. */
export interface CallCounts {
  count(method: string, path: string): void;
  all(): Readonly<Record<string, number>>;
  reset(): void;
}

export function createCallCounts(): CallCounts {
  const counts = new Map<string, number>();
  return {
    count(method, path) {
      const key = `${method} ${path}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    all: () => Object.fromEntries(counts),
    reset: () => counts.clear(),
  };
}
