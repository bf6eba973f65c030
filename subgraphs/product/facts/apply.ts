import type { Knex } from 'knex';
import { takeChangeMoment } from '../change-clock.ts';
import type { RejectionReason } from '../errors.ts';
import { type CatalogueFact, type FactKind, type RejectedRecord, recordOf } from '../port.ts';
import { settleProducts } from '../product-state.ts';
import { whyRejected } from './accept.ts';
import { deleteBundles, settleBundles, writeBundles } from './bundles.ts';
import { hideCategories, writeCategories } from './categories.ts';
import { takeDueProducts } from './due-prices.ts';
import { deletePrices, writePrices } from './prices.ts';
import { hideProducts, writeProducts } from './products.ts';
import { indexProducts } from './search.ts';
import { findDuplicateSkus, hideVariants, writeVariants } from './variants.ts';

/**
 * Stores facts in one transaction and a fixed number of statements, and brings up to date what is derived from them.
 * Facts that are already stored like this change nothing and tell nobody.
 *
 * @returns facts that may not be stored, each with the reason; all others are stored
 */
export async function applyFacts(
  trx: Knex.Transaction,
  facts: readonly CatalogueFact[],
  now: Date,
): Promise<RejectedRecord[]> {
  const at = await takeChangeMoment(trx, now);
  const due = await takeDueProducts(trx, at);
  const rejected: RejectedRecord[] = [];
  const reject = (fact: CatalogueFact, reason: RejectionReason) => {
    rejected.push({ kind: 'rejected', record: recordOf(fact), key: fact.key, reason });
  };
  const sound = facts.filter((fact) => {
    const reason = whyRejected(fact);
    if (reason) reject(fact, reason);
    return reason === null;
  });
  const changed = await storeFacts(trx, newestByKey(sound), ({ kind, key }, reason) => {
    rejected.push({ kind: 'rejected', record: kind, key, reason });
  });
  await settleProducts(trx, [...new Set([...due, ...changed])], at);
  return rejected;
}

/** @returns ids of the products that changed, some of them repeatedly; a product may not be there yet */
async function storeFacts(
  trx: Knex.Transaction,
  facts: readonly CatalogueFact[],
  reject: (fact: { readonly kind: FactKind; readonly key: string }, reason: RejectionReason) => void,
): Promise<string[]> {
  const of = <Kind extends CatalogueFact['kind']>(kind: Kind) =>
    facts.filter((fact): fact is Extract<CatalogueFact, { kind: Kind }> => fact.kind === kind);
  const keysOf = (kind: `${FactKind}Removed`) => facts.filter((fact) => fact.kind === kind).map((fact) => fact.key);

  await writeCategories(trx, of('category'));
  await hideCategories(trx, keysOf('categoryRemoved'));

  const described = [
    ...(await writeProducts(trx, of('product'))),
    ...(await hideProducts(trx, keysOf('productRemoved'))),
    // Removals first: a SKU may pass from a variant to its successor.
    ...(await hideVariants(trx, keysOf('variantRemoved'))),
  ];
  const variants = of('variant');
  const duplicates = await findDuplicateSkus(trx, variants);
  for (const fact of duplicates) reject(fact, 'DUPLICATE_SKU');
  described.push(
    ...(await writeVariants(
      trx,
      variants.filter((fact) => !duplicates.has(fact)),
    )),
  );
  await indexProducts(trx, [...new Set(described)]);

  const repriced = await writePrices(trx, of('price'));
  const unpriced = await deletePrices(trx, keysOf('priceRemoved'));

  await writeBundles(trx, of('bundle'));
  await deleteBundles(trx, keysOf('bundleRemoved'));
  const told = facts.filter((fact) => ['variant', 'bundle'].includes(recordOf(fact))).map((fact) => fact.key);
  const { productIds, faulty } = await settleBundles(trx, told);
  for (const { key, reason } of faulty) reject({ kind: 'bundle', key }, reason);
  return [...described, ...repriced, ...unpriced, ...productIds];
}

/** One statement cannot write a row twice, and only the last state counts. A removal ends what was told before it. */
function newestByKey(facts: readonly CatalogueFact[]): CatalogueFact[] {
  const newest = new Map<string, CatalogueFact>();
  for (const fact of facts) newest.set(`${recordOf(fact)} ${fact.key}`, fact);
  return [...newest.values()];
}
