/** The listeners of one process. Each has its own place: ending one leaves the others. */
export interface Listeners {
  add(listener: (topics: readonly string[]) => void): () => void;
  notify(topics: readonly string[]): void;
  /** Ends all of them. */
  clear(): void;
}

export function createListeners(): Listeners {
  const listeners = new Set<{ notify(topics: readonly string[]): void }>();
  return {
    add(notify) {
      const entry = { notify }; // the same function may listen twice and end once
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    notify(topics) {
      for (const listener of listeners) listener.notify(topics);
    },
    clear: () => listeners.clear(),
  };
}
