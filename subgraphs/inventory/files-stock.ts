import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { CommerceError } from '../../platform/errors.ts';
import { isStockKnown } from './feed-position.ts';
import { createFeedReader } from './feed-reader.ts';
import { type NodePolicies, sitesOfOthers } from './locations.ts';
import type { StockSource } from './port.ts';
import type { Shortage } from './stock-ledger.ts';

export interface FilesStockDeps {
  readonly knex: Knex;
  readonly source: StockSource;
  readonly nodes: NodePolicies;
  /** The system of record, beside the warehouse system. */
  readonly name: string;
  readonly onShortage: (shortage: Shortage, trx: Knex.Transaction) => Promise<void>;
  /** Hears of every failure; it is tried again. */
  onFailure(error: unknown): void;
}

/** How long a reader waits for news, in seconds. */
const WAIT_SECONDS = 20;
/** Pause after a failure, and while the warehouses are read for the first time, in milliseconds. */
const PAUSE_MILLIS = 2_000;

/**
 * Follows the stock of sites that tell by files, into the same positions as those of the system of record. It begins when that was read:
 * until then nobody can say what is there.
 */
export function createFilesStock(deps: FilesStockDeps) {
  const { knex, source, name } = deps;
  const reader = createFeedReader({
    knex,
    source,
    nodes: deps.nodes,
    name,
    silenceTells: false,
    onShortage: deps.onShortage,
    // Both cannot be: the numbers are given here, to what was read and checked before.
    onRejected: ({ problem }) => Promise.reject(new Error(`a booking of a file cannot be true: ${problem}`)),
    onGap: () => Promise.reject(new Error('a booking of a file is missing')),
  });

  /** @throws CommerceError CONFIGURATION_INVALID when a site is another system's */
  async function step(signal: AbortSignal): Promise<void> {
    const codes = (await source.sites(signal)).map(({ code }) => code);
    const taken = await sitesOfOthers(knex, codes, name);
    if (taken.length > 0) throw new CommerceError('CONFIGURATION_INVALID', `Another system has a site ${taken.join(', ')}: give the 3PL a code of its own in config/x12.yaml.`); // biome-ignore format: one thought
    await reader.readNext(WAIT_SECONDS, signal);
  }

  return {
    step,
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        try {
          if (await isStockKnown(knex)) await step(signal);
          else await sleep(PAUSE_MILLIS, signal);
        } catch (error) {
          if (signal.aborted) return;
          deps.onFailure(error);
          await sleep(PAUSE_MILLIS, signal);
        }
      }
    },
  };
}
