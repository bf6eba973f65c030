import type { Knex } from 'knex';

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
 * Applies entries of a feed together. When the store refuses a value, the entries are halved until the one that carries
 * it stands alone and is refused: an entry that nobody foresaw must not stop the feed for ever.
 *
 * @param apply runs inside a savepoint, more than once for the same entries. @returns what could not be used
 * @param refuse what to say of an entry that cannot be stored
 */
export async function applyAround<Entry, Refused>(
  trx: Knex.Transaction,
  entries: readonly Entry[],
  apply: (step: Knex.Transaction, entries: readonly Entry[]) => Promise<Refused[]>,
  refuse: (entry: Entry) => Refused,
): Promise<Refused[]> {
  if (entries.length === 0) return [];
  try {
    return await trx.transaction((step) => apply(step, entries));
  } catch (error) {
    if (!isDataError(error)) throw error;
    const [only, ...others] = entries;
    if (only && others.length === 0) return [refuse(only)];
    const middle = Math.ceil(entries.length / 2);
    return [
      ...(await applyAround(trx, entries.slice(0, middle), apply, refuse)),
      ...(await applyAround(trx, entries.slice(middle), apply, refuse)),
    ];
  }
}
