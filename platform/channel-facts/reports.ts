import type { Knex } from 'knex';
import { counted } from '../counted.ts';
import type { Settled } from './settle.ts';

/** Shows something on the exception desk, in the transaction in which it became so. */
export type ReportFact = (
  trx: Knex.Transaction,
  entry: {
    readonly key: string;
    readonly cause: 'VALIDATION' | 'MAPPING' | 'UNAVAILABLE';
    readonly system: 'channel';
    readonly operation: string;
    readonly message: string;
    readonly channelCode: string;
    readonly setAside: { readonly by: string; readonly id: string } | null;
  },
) => Promise<void>;

export interface ReportsDeps {
  readonly report: ReportFact;
  readonly settle: (trx: Knex.Transaction, keys: readonly string[]) => Promise<void>;
  /** Names the topic in operations and messages, e.g. `stock`. */
  readonly word: string;
  /** Under this name items that a channel refused wait on the exception desk. */
  readonly by: string;
}

export type Reports = ReturnType<typeof createReports>;

/** What people are told of the telling; each closes by itself when it is over. */
export function createReports({ report, settle, word, by }: ReportsDeps) {
  const itemKey = (channelCode: string, item: string) => `${word}:${channelCode}:${item}`;
  const channelKey = (channelCode: string) => `tell-${word}:${channelCode}`;
  const compareKey = (channelCode: string) => `compare-${word}:${channelCode}`;
  const ofChannel = (channelCode: string) => ({ system: 'channel', channelCode, setAside: null }) as const;

  return {
    /** What became of items: those that are refused, or failed several times, and those that are right again. */
    async items(trx: Knex.Transaction, channelCode: string, { amiss, confirmed }: Settled): Promise<void> {
      for (const { item, sku, code, outcome } of amiss)
        await report(trx, {
          key: itemKey(channelCode, item),
          cause: outcome === 'REFUSED' ? 'VALIDATION' : 'UNAVAILABLE',
          system: 'channel',
          operation: `tell-${word}-item`,
          message:
            outcome === 'REFUSED'
              ? `${channelCode} refuses the ${word} of ${item.slice(0, 80)} (our ${sku}): ${code || 'no reason given'}. It is told again when it changes or you retry; put the listing right there first.`
              : `${channelCode} has not applied the ${word} of ${item.slice(0, 80)} (our ${sku}): ${code || 'no reason given'}. It is told again at growing intervals; this closes when it succeeds.`,
          channelCode,
          setAside: { by, id: `${channelCode}:${item}` },
        });
      await settle(trx, confirmed.map((item) => itemKey(channelCode, item))); // biome-ignore format: one thought
    },
    notTaken: (trx: Knex.Transaction, channelCode: string, code: string) =>
      report(trx, {
        ...ofChannel(channelCode),
        key: channelKey(channelCode),
        cause: 'UNAVAILABLE',
        operation: `tell-${word}`,
        message: `${channelCode} does not take ${word} (${code}). It is told again at growing intervals of at most a minute, always what holds then; this closes when it succeeds.`,
      }),
    taken: (trx: Knex.Transaction, channelCode: string) => settle(trx, [channelKey(channelCode)]),
    notCompared: (trx: Knex.Transaction, channelCode: string) =>
      report(trx, {
        ...ofChannel(channelCode),
        key: compareKey(channelCode),
        cause: 'UNAVAILABLE',
        operation: `compare-${word}`,
        message: `What ${channelCode} knows of ${word} cannot be compared. It is tried again at growing intervals of at most an hour; changes are told meanwhile. This closes when it succeeds.`,
      }),
    compared: (trx: Knex.Transaction, channelCode: string) => settle(trx, [compareKey(channelCode)]),
    /** Listings of ours at the channel, of which nobody here knows what they sell. */
    async unknown(trx: Knex.Transaction, channelCode: string, items: readonly string[]): Promise<void> {
      const key = `unknown-${word}:${channelCode}`;
      if (items.length === 0) return settle(trx, [key]);
      const shown = items.slice(0, 10).map((item) => item.slice(0, 60)).join(', '); // biome-ignore format: one thought
      await report(trx, {
        ...ofChannel(channelCode),
        key,
        cause: 'MAPPING',
        operation: `compare-${word}`,
        message: `${channelCode} lists ${counted(items.length, 'item')} of which nobody here knows the SKU, so that they sell without our ${word}: ${shown}. Say which SKUs they are (npx commerce channel map), or end the listings; the next comparison closes this.`,
      });
    },
  };
}
