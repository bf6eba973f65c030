import type { Knex } from 'knex';
import { sleep } from '../clock.ts';
import { databaseFailure, isTransactionConflict } from './failure.ts';

const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MILLIS = 5;

/**
 * Runs `work` in one transaction and repeats it, at most five times in all, when PostgreSQL rolled it back because of
 * another transaction (deadlock, serialization failure). So `work` may run more than once: it must have no effect
 * outside the transaction. Inside another transaction it becomes part of it and is never repeated alone.
 *
 * @throws CommerceError DATABASE_UNAVAILABLE when the connection fails; the outcome is then unknown to the caller
 * @throws whatever `work` throws, after the rollback
 */
export async function inTransaction<T>(knex: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  if (knex.isTransaction) return work(knex as Knex.Transaction);
  for (let attempt = 1; ; attempt++) {
    try {
      return await knex.transaction(work);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isTransactionConflict(error)) throw databaseFailure(error);
      // Spread, so that the same two transactions do not meet again.
      await sleep(Math.random() * FIRST_PAUSE_MILLIS * 2 ** attempt);
    }
  }
}
