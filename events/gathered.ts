/** Sends topics to other processes, gathered: one message at a time, and not more often than the pause allows. */
export interface Gathered {
  add(topics: readonly string[]): void;
  /** Forgets what was not sent yet, and takes no more. */
  close(): void;
}

/**
 * @param send one message; a failure loses it, which a wake-up may be
 * @param pauseMillis between two messages: a thousand commits in a second become a few messages, each at most this late
 */
export function createGathered(send: (topics: readonly string[]) => Promise<void>, pauseMillis: number): Gathered {
  let waiting = new Set<string>();
  let busy = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const flush = async () => {
    busy = true;
    while (waiting.size > 0) {
      const topics = [...waiting];
      waiting = new Set();
      await send(topics).catch(() => undefined);
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, pauseMillis);
        timer.unref();
      });
    }
    busy = false;
  };
  return {
    add(topics) {
      if (closed) return;
      for (const topic of topics) waiting.add(topic);
      if (!busy) void flush();
    },
    close() {
      closed = true;
      waiting = new Set();
      clearTimeout(timer);
    },
  };
}
