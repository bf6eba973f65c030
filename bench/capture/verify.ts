import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';

/** What the books say, to be compared before and after a run. */
export interface Books {
  readonly orders: number;
  readonly holds: number;
  readonly committed: number;
  readonly reserved: number;
  readonly events: number;
  readonly answers: number;
}

export async function readBooks(knex: Knex): Promise<Books> {
  const [row] = await query<Record<keyof Books, string>>(
    knex,
    `select (select count(*) from orders.customer_order) as orders,
            (select count(*) from inventory.reservation where state = 'HELD') as holds,
            (select sum(committed) from inventory.position) as committed,
            (select sum(reserved) from inventory.position) as reserved,
            (select count(*) from integration.outbox) as events,
            (select count(*) from integration.idempotency_key) as answers`,
  );
  if (!row) throw new Error('the books could not be read');
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as unknown as Books;
}

/** @throws Error when the books do not hold exactly what was acknowledged: then no number of the run counts */
export function verify(what: 'orders' | 'holds' | 'nothing', told: number, before: Books, after: Books): void {
  const acknowledged = what === 'nothing' ? 0 : told;
  const units = acknowledged * 3;
  const expected: Partial<Record<keyof Books, number>> =
    what !== 'holds'
      ? { orders: acknowledged, committed: units, events: acknowledged * 2, answers: acknowledged }
      : { holds: acknowledged, reserved: units, answers: acknowledged };
  for (const [name, wanted] of Object.entries(expected)) {
    const found = after[name as keyof Books] - before[name as keyof Books];
    if (found !== wanted) throw new Error(`${acknowledged} ${what} were acknowledged, but ${name} grew by ${found} instead of ${wanted}`); // biome-ignore format: one thought
  }
}

/** @throws Error when positions, ledger and reservations disagree, or more was promised than is there */
export async function verifyLedger(knex: Knex): Promise<void> {
  const [row] = await query<{ differences: number; oversold: number }>(
    knex,
    `select (select count(*)::int from inventory.ledger_difference) as differences,
            (select count(*)::int from inventory.position where committed + reserved > on_hand) as oversold`,
  );
  if (row?.differences !== 0 || row.oversold !== 0) throw new Error(`the books do not balance: ${JSON.stringify(row)}`);
}
