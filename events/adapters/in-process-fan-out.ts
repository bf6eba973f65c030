import { createListeners } from '../listeners.ts';
import type { FanOut } from '../port.ts';

/** Wakes the listeners of this process only: for one process, and for tests. */
export function inProcessFanOut(): FanOut {
  const listeners = createListeners();
  return {
    describe: () => 'in-process',
    publish: (topics) => listeners.notify(topics),
    subscribe: (listener) => listeners.add(listener),
    close: async () => listeners.clear(),
  };
}
