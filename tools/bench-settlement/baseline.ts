import { copyRows } from '../../platform/db/copy.ts';
import type { Knex } from '../../platform/db/database.ts';
import { amountOf, CHANNEL, channelOrderIdOf, orderOf } from './seed.ts';

const ROWS_PER_COPY = 50_000;

/**
 * The yardstick: the lines by plain COPY into a table without an index, and one SQL statement that joins them to orders
 * and invoices and compares the sums. No file, no hash, no ledger, no reasons.
 */
export async function plainCopyAndJoin(
  knex: Knex,
  lines: number,
): Promise<{ copySeconds: number; joinSeconds: number; differing: number }> {
  await knex.raw('drop schema if exists bench cascade');
  await knex.raw('create schema bench');
  await knex.raw('create table bench.line (number int, channel_order_id text, goods boolean, amount_minor bigint)');
  const started = performance.now();
  await knex.transaction(async (trx) => {
    for (let from = 0; from < lines; from += ROWS_PER_COPY) {
      const rows = Array.from({ length: Math.min(ROWS_PER_COPY, lines - from) }, (_, index) => {
        const line = from + index;
        const goods = amountOf(line) > 0;
        return [line, channelOrderIdOf(orderOf(line)), goods ? 't' : 'f', amountOf(line)] as const;
      });
      await copyRows(trx, 'bench.line', ['number', 'channel_order_id', 'goods', 'amount_minor'], rows);
    }
  });
  const copied = performance.now();
  await knex.raw('analyze bench.line');
  const { rows } = await knex.raw<{ rows: { differing: number }[] }>(
    `with settled as (
       select l.number, o.order_id, sum(l.amount_minor) filter (where l.goods) over (partition by o.order_id) as settled, d.total_minor
       from bench.line l left join settlement.channel_order o on o.channel_code = ? and o.channel_order_id = l.channel_order_id
       left join settlement.document d on d.order_id = o.order_id and d.kind = 'INVOICE'
     ) select count(distinct order_id)::int as differing from settled where settled is distinct from total_minor`,
    [CHANNEL],
  );
  const joined = performance.now();
  await knex.raw('drop schema bench cascade');
  return {
    copySeconds: (copied - started) / 1e3,
    joinSeconds: (joined - copied) / 1e3,
    differing: rows[0]?.differing ?? -1,
  };
}
