import type { Knex } from 'knex';
import { CommerceError } from '../../platform/errors.ts';
import { isStockKnown } from './feed-position.ts';

/**
 * Until all stock was read once, nobody can say what is sold out or unknown, and such an answer would be kept under its
 * idempotency key.
 *
 * @returns a check that resolves once the first reading has ended
 * @throws CommerceError SYSTEM_UNAVAILABLE (by the check) before: nothing is decided, and the same request can be repeated
 */
export function firstReading(knex: Knex): () => Promise<void> {
  let isOver = false;
  return async () => {
    if (isOver) return;
    isOver = await isStockKnown(knex);
    if (isOver) return;
    throw new CommerceError(
      'SYSTEM_UNAVAILABLE',
      'The stock of the warehouses is being read for the first time. Nothing was done: repeat the request shortly.',
    );
  };
}
