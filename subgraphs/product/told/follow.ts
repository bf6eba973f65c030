import type { Knex } from 'knex';
import { type Clock, sleep, systemClock } from '../../../platform/clock.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { Logger } from '../../../platform/logger.ts';
import { type CompareOptions, compareNext } from './compare.ts';
import { isReady, type PartOf, type ServedPart } from './model.ts';
import { type ConfiguredServing, configureServing, nameOf, readServing } from './serving.ts';
import { settleAll } from './settle.ts';

export type ShadowOptions = Omit<CompareOptions, 'partOf' | 'now'>;

export interface ServingFollowerOptions {
  readonly knex: Knex;
  readonly logger: Logger;
  /** What configuration says now; looked at every second. */
  configured(): ConfiguredServing & { readonly shadow: ShadowOptions | null };
  readonly partOf: PartOf;
  readonly clock?: Clock;
}

export interface ServingFollower {
  /** Takes over what configuration says. @throws CommerceError CONFIGURATION_INVALID */
  configure(): Promise<void>;
  /** Follows configuration and promotions, and compares, until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Does once what `run` does all the time. */
  look(): Promise<void>;
  /** Which system serves which part now. Null: that of the domain, all of it. */
  served(): Promise<readonly ServedPart[] | null>;
}

const LOOK_EVERY_MILLIS = 1_000;

/** Sees to it that the catalogue follows from what its systems tell, and that these are compared. Several processes may. */
export function followServing(options: ServingFollowerOptions): ServingFollower {
  const { knex, logger, partOf, clock = systemClock } = options;
  let configured = '';

  async function configure(): Promise<void> {
    const { systems, parts } = options.configured();
    const text = JSON.stringify([systems, parts]);
    if (text === configured) return;
    const moved = await configureServing(knex, { systems, parts });
    configured = text;
    for (const part of moved) logger.warn({ part: part.name, system: part.system }, `${part.system} serves ${nameOf(part)} since it was moved there; config/systems.yaml names another system, which only a promotion or a rollback changes`); // biome-ignore format: one thought
  }

  async function look(): Promise<void> {
    await configure();
    const serving = await readServing(knex);
    if (!serving) return;
    if (isReady(serving) && !serving.settled) await settleNow();
    const { shadow } = options.configured();
    if (shadow) while (await compareNext(knex, { ...shadow, partOf, now: clock.now() }));
  }

  async function settleNow(): Promise<void> {
    await inTransaction(knex, async (trx) => {
      const serving = await readServing(trx, 'for update');
      if (!serving || serving.settled || !isReady(serving)) return;
      const rejected = await settleAll(trx, serving, { partOf, now: clock.now() });
      logger.info({ served: serving.parts.map((part) => `${nameOf(part)} by ${part.system}`), rejected: rejected.length }, 'the catalogue follows the systems that serve its parts'); // biome-ignore format: one thought
    });
  }

  return {
    configure,
    look,
    served: async () => (await readServing(knex))?.parts ?? null,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await look();
        } catch (err) {
          logger.error({ err }, 'which system serves which part of the catalogue was not followed up');
        }
        await sleep(LOOK_EVERY_MILLIS, signal);
      }
    },
  };
}
