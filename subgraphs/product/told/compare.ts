import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { countSamples, type DriftLimits, type DriftSample, endRound } from '../../../platform/drift/drift.ts';
import { readArticles, readCategories } from './articles.ts';
import { completed } from './compose.ts';
import { categoryPaths, placeOf } from './keys.ts';
import { type Article, effectiveSystem, isReady, lacksOf, type PartOf, type Serving } from './model.ts';
import { readServing } from './serving.ts';
import { differencesOf, viewOf } from './view.ts';

export interface CompareOptions extends DriftLimits {
  readonly partOf: PartOf;
  readonly now: Date;
  /** Pause between two rounds. */
  readonly everySeconds: number;
  /** An article of which one of the systems told something within so many seconds is left out: the other may be about to. */
  readonly settleSeconds: number;
  /** Fields that may differ. */
  readonly ignored: readonly string[];
}

/** SKUs compared in one transaction. */
const BATCH = 500;
const DOMAIN = 'product';

/**
 * Compares the next articles of the present round: what the graph says of each, and what it would say if the other system served
 * it. Begins a round when it is time. One process at a time, however many call this; nobody waits for it.
 * @returns whether there is more to be done at once
 */
export async function compareNext(knex: Knex, options: CompareOptions): Promise<boolean> {
  return inTransaction(knex, async (trx) => {
    const serving = await readServing(trx);
    if (!serving || !isReady(serving) || !serving.settled || serving.systems.length < 2) return false;
    if (serving.complete.length < serving.systems.length) return false;
    const [turn] = await query<{ round: string; after: string | null; waits: boolean }>(
      trx,
      `select round, after, coalesce(ended_at > clock_timestamp() - make_interval(secs => ?), false) as waits
       from product.comparing for update skip locked`,
      [options.everySeconds],
    );
    if (!turn || turn.waits) return false;
    const round = Number(turn.round) + (turn.after === null ? 1 : 0);
    const rows = await query<{ sku: string }>(
      trx,
      "select distinct sku from product.told_fact where kind = 'variant' and not gone and sku > ? order by sku limit ?",
      [turn.after ?? '', BATCH],
    );
    await compare(trx, serving, round, rows.map(({ sku }) => sku), options); // biome-ignore format: one thought
    const isLast = rows.length < BATCH;
    if (isLast) await endRound(trx, DOMAIN, round);
    await change(
      trx,
      'update product.comparing set round = ?, after = ?, ended_at = case when ? then clock_timestamp() end',
      [round, isLast ? null : (rows.at(-1)?.sku ?? null), isLast],
    );
    return !isLast;
  });
}

async function compare(
  trx: Knex.Transaction,
  serving: Serving,
  round: number,
  skus: readonly string[],
  options: CompareOptions,
): Promise<void> {
  const { articles } = await readArticles(trx, skus);
  const paths = categoryPaths((await readCategories(trx)).filter(({ gone }) => !gone));
  const since = new Date(options.now.getTime() - options.settleSeconds * 1_000);
  const view = (article: Article, other: Article | null) =>
    viewOf(completed(article, lacksOf(serving, article.system), other), (ref) => paths.get(placeOf(ref)) ?? null, options.now); // biome-ignore format: one thought

  for (const part of serving.parts) {
    const system = effectiveSystem(serving, part);
    const shadow = serving.systems.find(({ name }) => name !== system)?.name ?? '';
    const samples = [...articles].flatMap(([sku, told]): DriftSample[] => {
      if (options.partOf(serving.parts, sku) !== part) return [];
      const [here, there] = [told.get(system) ?? null, told.get(shadow) ?? null];
      if ([here, there].some((one) => one && one.toldAt > since)) return [];
      if (here && there) return [{ subject: sku, differences: differencesOf(view(here, there), view(there, here), options.ignored) }]; // biome-ignore format: one thought
      return [{ subject: sku, differences: { article: { here: here ? SOLD : NOT_SOLD, there: there ? SOLD : NOT_SOLD } } }]; // biome-ignore format: one thought
    });
    if (samples.length > 0) await countSamples(trx, { domain: DOMAIN, part: part.name, system, shadow }, round, options, samples); // biome-ignore format: one thought
  }
  // What neither system has any more is no example either.
  await change(trx, 'delete from integration.drift_example where domain = ? and subject <> all (select sku from product.told_fact where sku is not null and not gone)', [DOMAIN]); // biome-ignore format: one thought
}

const SOLD = 'there';
const NOT_SOLD = 'not there';
