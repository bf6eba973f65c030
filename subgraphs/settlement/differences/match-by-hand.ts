import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { LINES_PER_BLOCK } from '../matching/due.ts';
import { createJudge } from '../matching/judge-due.ts';
import { releasePostings } from '../matching/store-postings.ts';
import type { LockedDifference, Refusal, ResolveDeps } from './model.ts';

/** Why the lines of a difference cannot be given to an order; null when they can. */
export async function refusalToMatch(
  trx: Knex.Transaction,
  difference: LockedDifference,
  orderId: string,
): Promise<Refusal | null> {
  if ((await keyOfOrder(trx, difference, orderId)) === null)
    return { code: 'NOT_FOUND', field: ['input', 'orderId'], message: 'The channel has no such order.' };
  const lines = await query(trx, 'select 1 from settlement.line_match where exception_id = ? limit 1', [difference.id]);
  if (lines.length > 0) return null;
  return { code: 'ILLEGAL_RESOLUTION', field: ['input', 'resolution'], message: 'The difference has no line that could be given to an order.' }; // biome-ignore format: one thought
}

async function keyOfOrder(
  trx: Knex.Transaction,
  { channelCode }: LockedDifference,
  orderId: string,
): Promise<string | null> {
  const [order] = await query<{ key: string }>(
    trx,
    'select coalesce(channel_order_id, number) as key from settlement.channel_order where order_id = ? and channel_code = ?',
    [orderId, channelCode],
  );
  return order?.key ?? null;
}

/**
 * Gives the lines of a difference to an order, and judges that order and those it takes them from anew. Ask `refusalToMatch`
 * in the same transaction, before the decision is written: what is refused leaves nothing behind.
 */
export async function matchByHand(
  trx: Knex.Transaction,
  deps: ResolveDeps,
  difference: LockedDifference,
  orderId: string,
  decisionId: string,
): Promise<void> {
  const key = await keyOfOrder(trx, difference, orderId);
  await change(
    trx,
    `update settlement.decision set state = 'UNDONE', settled_at = clock_timestamp()
     where exception_id = ? and resolution = 'MATCH_TO_ORDER' and state = 'TAKEN' and id <> ?`,
    [difference.id, decisionId],
  );
  const lines = await query<{ statementId: string; lineNumber: string }>(
    trx,
    `insert into settlement.manual_match (statement_id, line_number, order_id, decision_id)
     select statement_id, line_number, ?, ? from settlement.line_match where exception_id = ?
     on conflict (statement_id, line_number) do update set order_id = excluded.order_id, decision_id = excluded.decision_id
     returning statement_id as "statementId", line_number as "lineNumber"`,
    [orderId, decisionId, difference.id],
  );
  await judgeAgain(trx, deps, difference, key === null ? [] : [key], lines);
}

/**
 * Takes back what a decision gave to an order. @returns ids of the entries that the caller has to reverse: last, because that
 * locks the ledger
 */
export async function unmatchByHand(
  trx: Knex.Transaction,
  deps: ResolveDeps,
  difference: LockedDifference,
  decisionId: string,
): Promise<string[]> {
  const entryIds = await releasePostings(trx, decisionId);
  const lines = await query<{ statementId: string; lineNumber: string; key: string | null }>(
    trx,
    `delete from settlement.manual_match m using settlement.channel_order o where m.decision_id = ? and o.order_id = m.order_id
     returning m.statement_id as "statementId", m.line_number as "lineNumber", coalesce(o.channel_order_id, o.number) as key`,
    [decisionId],
  );
  await judgeAgain(
    trx,
    deps,
    difference,
    lines.flatMap((line) => line.key ?? []),
    lines,
  );
  return entryIds;
}

async function judgeAgain(
  trx: Knex.Transaction,
  deps: ResolveDeps,
  difference: LockedDifference,
  keys: readonly string[],
  lines: readonly { readonly statementId: string; readonly lineNumber: string }[],
): Promise<void> {
  const judge = createJudge({ ...deps, now: () => new Date() });
  const isBlock = difference.groupKey.startsWith('#');
  const affected = [...new Set([...keys, ...(isBlock ? [] : [difference.groupKey])])].sort();
  if (affected.length > 0) await judge.orders(trx, difference.channelCode, affected);
  if (isBlock)
    for (const { statementId, lineNumber } of lines)
      await judge.block(trx, difference.channelCode, statementId, Math.floor(Number(lineNumber) / LINES_PER_BLOCK));
  await change(
    trx,
    `update settlement.statement set state = 'MATCHING' where id = any(?::text[]) and state in ('MATCHED', 'PARTIALLY_MATCHED', 'DISPUTED', 'ADJUSTED')`,
    [lines.map((line) => line.statementId)],
  );
}
