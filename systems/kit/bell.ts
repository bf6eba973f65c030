/** Wakes those who wait for new rows, in this process. Losing a ring is harmless: waiters also look by themselves. */
export interface Bell {
  /** Call after the commit that wrote the rows, never before. */
  ring(): void;
  /** Take it before looking, give it to `heard`: a ring in between is then not missed. */
  position(): number;
  /** Resolves on a ring after `position`, when the time is over, or on abort. */
  heard(position: number, millis: number, signal?: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  let rings = 0;
  const waiting = new Set<() => void>();
  return {
    ring() {
      rings += 1;
      for (const wake of waiting) wake();
    },
    position: () => rings,
    heard: (position, millis, signal) =>
      new Promise((resolve) => {
        if (rings !== position || signal?.aborted || millis <= 0) return resolve();
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const timer = setTimeout(wake, millis);
        waiting.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      }),
  };
}
