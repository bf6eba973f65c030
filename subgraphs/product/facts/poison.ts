import type { Knex } from 'knex';
import type { CatalogueFact, RejectedRecord } from '../port.ts';
import { recordOf } from '../port.ts';

/** SQLSTATE classes by which PostgreSQL refuses a value: data exception, integrity constraint, program limit exceeded. */
const DATA_ERROR_CLASSES = new Set(['22', '23', '54']);

function isDataError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.length === 5 &&
    DATA_ERROR_CLASSES.has(error.code.slice(0, 2))
  );
}

/**
 * Applies facts together. When the store refuses a value, the facts are halved until the one that carries it stands
 * alone and is set aside: a fact that nobody foresaw must not stop the feed for ever.
 *
 * @param apply runs inside a savepoint, more than once for the same facts
 */
export async function applyAround(
  trx: Knex.Transaction,
  facts: readonly CatalogueFact[],
  apply: (step: Knex.Transaction, facts: readonly CatalogueFact[]) => Promise<RejectedRecord[]>,
): Promise<RejectedRecord[]> {
  if (facts.length === 0) return [];
  try {
    return await trx.transaction((step) => apply(step, facts));
  } catch (error) {
    if (!isDataError(error)) throw error;
    const [only, ...others] = facts;
    if (only && others.length === 0)
      return [{ kind: 'rejected', record: recordOf(only), key: only.key, reason: 'NOT_STORABLE' }];
    const middle = Math.ceil(facts.length / 2);
    return [
      ...(await applyAround(trx, facts.slice(0, middle), apply)),
      ...(await applyAround(trx, facts.slice(middle), apply)),
    ];
  }
}
