import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const CHANNEL = 'undici:request:create';

/** Counts the requests that leave this process, whoever sends them. */
export function requestCounter(): { count(): number; stop(): void } {
  let requests = 0;
  const note = () => {
    requests += 1;
  };
  subscribe(CHANNEL, note);
  return { count: () => requests, stop: () => unsubscribe(CHANNEL, note) };
}
