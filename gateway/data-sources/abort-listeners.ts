type Listener = () => void;

const listeners = new WeakMap<AbortSignal, Set<Listener>>();

/**
 * Calls a function when a signal aborts. All who wait for one signal share a listener: a plan has many requests that end
 * with their client, and listeners are dear.
 * @returns stops waiting
 */
export function onAbort(signal: AbortSignal, listener: Listener): () => void {
  const known = listeners.get(signal);
  const all = known ?? new Set<Listener>();
  all.add(listener);
  if (!known) {
    listeners.set(signal, all);
    signal.addEventListener('abort', () => [...all].forEach(call), { once: true });
  }
  return () => void all.delete(listener);
}

function call(listener: Listener): void {
  listener();
}
