import { Gauge, Registry } from 'prom-client';
import type { Knex } from '../../platform/db/database.ts';
import { query } from '../../platform/db/query.ts';
import { type IndicatorWindow, WINDOW_HOURS } from './model.ts';

/** How far a channel knows what it should know of one topic, such as STOCK. Null where nothing could be measured. */
export interface ChannelFigures {
  readonly channelCode: string;
  readonly topic: string;
  readonly itemCount: number;
  readonly waitingCount: number;
  readonly waitingSeconds: number;
  readonly heldCount: number;
  readonly refusedCount: number;
  readonly lagSecondsP95: number | null;
  readonly appliedSecondsP95: number | null;
  readonly accuracyRatio: number | null;
  readonly comparedAt: Date | null;
}

/** What is told to channels, by channel and topic. Lags are those of what was taken in the window. */
export function readChannelFigures(knex: Knex, window: IndicatorWindow): Promise<ChannelFigures[]> {
  return query<ChannelFigures>(
    knex,
    `select channel_code as "channelCode", topic, items as "itemCount", waiting as "waitingCount", waiting_seconds as "waitingSeconds",
       held as "heldCount", refused as "refusedCount", lag_seconds_p95 as "lagSecondsP95", applied_seconds_p95 as "appliedSecondsP95",
       accuracy_ratio as "accuracyRatio", compared_at as "comparedAt"
     from integration.channel_figures(now() - make_interval(hours => ?::int))`,
    [WINDOW_HOURS[window]],
  );
}

/** The same of the last hour for Prometheus, as text. While the store does not answer there are no such numbers. */
export function channelMetrics(knex: Knex): () => Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['channel', 'topic'], registers: [registry] });
  const waiting = gauge('channel_items_waiting', 'Items of which a channel was not told yet what holds.');
  const oldest = gauge('channel_waiting_seconds', 'For how long the oldest of channel_items_waiting has waited. Alert on it.'); // biome-ignore format: one thought
  const refused = gauge('channel_items_refused', 'Items of which a channel refused what it was told; each is on the exception desk.'); // biome-ignore format: one thought
  const held = gauge(
    'channel_items_held',
    'Items that are not told to a channel, because something is wrong with them.',
  );
  const lag = gauge('channel_lag_seconds', 'Seconds from a change to the channel having taken it, which 95 % of the last hour did not exceed.'); // biome-ignore format: one thought
  const applied = gauge('channel_applied_seconds', 'The same to the channel having said that it applied it.');
  const accuracy = gauge('channel_accuracy_ratio', 'Share of the items that were right when all that a channel knows was compared last.'); // biome-ignore format: one thought
  return async () => {
    const figures = await readChannelFigures(knex, 'LAST_HOUR').catch(() => []);
    registry.resetMetrics();
    for (const { channelCode: channel, topic, ...one } of figures) {
      const labels = { channel, topic };
      waiting.set(labels, one.waitingCount);
      oldest.set(labels, one.waitingSeconds);
      refused.set(labels, one.refusedCount);
      held.set(labels, one.heldCount);
      if (one.lagSecondsP95 !== null) lag.set(labels, one.lagSecondsP95);
      if (one.appliedSecondsP95 !== null) applied.set(labels, one.appliedSecondsP95);
      if (one.accuracyRatio !== null) accuracy.set(labels, one.accuracyRatio);
    }
    return registry.metrics();
  };
}
