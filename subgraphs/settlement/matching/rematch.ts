import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { requireChannel } from '../ingest/store.ts';
import { LINES_PER_BLOCK } from './due.ts';
import type { SettlementSettings } from './settings.ts';

/** Whose open differences; null: all of them. */
export interface RematchScope {
  readonly channelCode: string | null;
  readonly statementId: string | null;
}

const EVERYTHING: RematchScope = { channelCode: null, statementId: null };

/**
 * Has everything looked at again that is about an undecided difference of a channel or a statement, and, of a channel, every
 * order that is not settled: when it is due may be judged otherwise. What people decided stays decided; what settings explain now
 * closes by itself.
 *
 * @returns how many order ids and blocks of lines without one are due
 * @throws CommerceError BAD_USER_INPUT when there is no such channel or statement
 */
export async function rematch(db: Knex, { channelCode, statementId }: RematchScope): Promise<number> {
  if (channelCode !== null) await requireChannel(db, channelCode);
  if (statementId !== null && (await query(db, 'select 1 from settlement.statement where id = ?', [statementId])).length === 0)
    throw new CommerceError('BAD_USER_INPUT', `There is no settlement ${statementId}; its id begins with stl_.`); // biome-ignore format: one thought
  const scope = [channelCode, channelCode, statementId, statementId, statementId];
  const orders = await change(
    db,
    `insert into settlement.match_due (channel_code, order_key)
     select d.channel_code, d.group_key from settlement.difference d
     where ${UNDECIDED} and not starts_with(d.group_key, '#') and not starts_with(d.group_key, 'payout:')
     union select o.channel_code, coalesce(o.channel_order_id, o.number)
     from settlement.order_settlement s join settlement.channel_order o on o.order_id = s.order_id
     where s.due_at is not null and (?::text is null or o.channel_code = ?) and ?::text is null order by 1, 2`,
    [...scope, channelCode, channelCode, statementId],
  );
  const blocks = await change(
    db,
    `insert into settlement.match_due (channel_code, statement_id, block)
     select distinct d.channel_code, m.statement_id, m.line_number / ?
     from settlement.difference d join settlement.line_match m on m.exception_id = d.id
     where ${UNDECIDED} and starts_with(d.group_key, '#') order by 1, 2, 3`,
    [LINES_PER_BLOCK, ...scope],
  );
  return orders + blocks;
}

const UNDECIDED = `d.state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED') and (?::text is null or d.channel_code = ?)
  and (?::text is null or d.statement_id = ? or exists (select from settlement.line_match o where o.exception_id = d.id and o.statement_id = ?))`;

/**
 * Notes by which settings is judged from now on. When they are others than before, everything open is looked at again: what
 * a new rule explains is no difference any more.
 *
 * @returns how many order ids and blocks are due by it
 */
export function followSettings(db: Knex, { fingerprint }: SettlementSettings): Promise<number> {
  return inTransaction(db, async (trx) => {
    const changed = await change(
      trx,
      `insert into settlement.judged_settings as known (fingerprint) values (?)
       on conflict (is_only) do update set fingerprint = excluded.fingerprint, since = excluded.since where known.fingerprint <> excluded.fingerprint`,
      [fingerprint],
    );
    return changed === 0 ? 0 : rematch(trx, EVERYTHING);
  });
}

/** Whether workers judge by these settings. They read them when they start. */
export async function isJudgedBy(db: Knex, { fingerprint }: SettlementSettings): Promise<boolean> {
  const rows = await query(db, 'select 1 from settlement.judged_settings where fingerprint = ?', [fingerprint]);
  return rows.length > 0;
}
