import type { Knex } from 'knex';
import { whyRejected } from '../facts/accept.ts';
import { applyFacts } from '../facts/apply.ts';
import { type CatalogueFact, type RejectedRecord, recordOf } from '../port.ts';
import { keepFacts } from './keep.ts';
import { effectiveSystem, isReady, lacksOf, type Serving } from './model.ts';
import { type SettleOptions, settle } from './settle.ts';

/**
 * Takes facts of one of two systems: keeps them, and brings the catalogue up to date where that system has a say.
 * @param serving locked against changes until the transaction ends
 * @returns what cannot be taken
 */
export async function applyTold(
  trx: Knex.Transaction,
  serving: Serving,
  system: string,
  facts: readonly CatalogueFact[],
  options: SettleOptions,
): Promise<RejectedRecord[]> {
  const rejected: RejectedRecord[] = [];
  const sound = facts.filter((fact) => {
    const reason = whyRejected(fact);
    if (reason) rejected.push({ kind: 'rejected', record: recordOf(fact), key: fact.key, reason });
    return reason === null;
  });
  const { skus, categories } = await keepFacts(trx, system, sound);
  if (!isReady(serving)) {
    // Not everything was told yet: the catalogue goes on as it was.
    const taken = system === serving.home ? await applyFacts(trx, sound, options.now) : [];
    return [...rejected, ...taken];
  }
  // Whoever settles all of it will find what was kept.
  if (!serving.settled) return rejected;
  const concerned = skus.filter((sku) => {
    const serves = effectiveSystem(serving, options.partOf(serving.parts, sku));
    return serves === system || lacksOf(serving, serves).length > 0;
  });
  if (concerned.length === 0 && !categories) return rejected;
  return [...rejected, ...(await settle(trx, serving, concerned, options))];
}
