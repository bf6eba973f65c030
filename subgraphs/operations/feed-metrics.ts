import { Gauge, Registry } from 'prom-client';
import type { Knex } from '../../platform/db/database.ts';
import { feedProgress } from './feed-watch.ts';

const labelNames = ['feed', 'system'] as const;

/**
 * Numbers about the feeds of systems of record for Prometheus, as text. Any worker reads a feed; how far it is stands in
 * the store, which is asked whenever Prometheus asks. While the store does not answer there are no such numbers.
 */
export function feedMetrics(knex: Knex): () => Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const waiting = new Gauge({
    name: 'feed_waiting_seconds',
    help: 'For how long entries of a feed have waited, or could not be asked for; 0 while none wait.',
    labelNames,
    registers,
  });
  const stalled = new Gauge({
    name: 'feed_stalled',
    help: '1 while none of the waiting entries of a feed could be taken for FEED_STALL_SECONDS. Alert on it.',
    labelNames,
    registers,
  });
  return async () => {
    const feeds = await feedProgress(knex).catch(() => []);
    registry.resetMetrics();
    for (const { feed, system, waitingSeconds, isStalled } of feeds) {
      waiting.set({ feed, system }, waitingSeconds);
      stalled.set({ feed, system }, isStalled ? 1 : 0);
    }
    return registry.metrics();
  };
}
