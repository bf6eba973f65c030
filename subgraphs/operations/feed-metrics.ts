import { Gauge, Registry } from 'prom-client';
import type { Knex } from '../../platform/db/database.ts';
import { readDrift } from '../../platform/drift/drift.ts';
import { feedProgress } from './feed-watch.ts';

const labelNames = ['feed', 'system'] as const;
const shadowLabels = ['domain', 'cohort', 'system', 'shadow'] as const;

/**
 * Numbers about the feeds of systems of record, and about shadow reads, for Prometheus, as text. Any worker reads a feed; how far it is stands in
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
  const behind = new Gauge({
    name: 'feed_behind_seconds',
    help: 'How long ago the oldest waiting entry of a feed happened, by its system; 0 while none waits, and where entries tell no time.',
    labelNames,
    registers,
  });
  const stalled = new Gauge({
    name: 'feed_stalled',
    help: '1 while none of the waiting entries of a feed could be taken for FEED_STALL_SECONDS. Alert on it.',
    labelNames,
    registers,
  });
  const samples = new Gauge({
    name: 'shadow_samples',
    help: 'Newest comparisons with a system that is asked beside the system of record, as many as a promotion goes by.',
    labelNames: shadowLabels,
    registers,
  });
  const differing = new Gauge({
    name: 'shadow_samples_differing',
    help: 'Those of shadow_samples that differ.',
    labelNames: shadowLabels,
    registers,
  });
  const differences = new Gauge({
    name: 'shadow_field_differences',
    help: 'Differences among shadow_samples by field.',
    labelNames: [...shadowLabels, 'field'],
    registers,
  });
  return async () => {
    const [feeds, shadows] = await Promise.all([feedProgress(knex).catch(() => []), readDrift(knex).catch(() => [])]);
    registry.resetMetrics();
    for (const { domain, part, system, shadow, ...figures } of shadows) {
      const labels = { domain, cohort: part, system, shadow };
      samples.set(labels, figures.samples);
      differing.set(labels, figures.samples - figures.clean);
      for (const { field, differences: number } of figures.fields) differences.set({ ...labels, field }, number);
    }
    for (const { feed, system, waitingSeconds, behindSeconds, isStalled } of feeds) {
      waiting.set({ feed, system }, waitingSeconds);
      behind.set({ feed, system }, behindSeconds);
      stalled.set({ feed, system }, isStalled ? 1 : 0);
    }
    return registry.metrics();
  };
}
