import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { createJudge } from './judge-due.ts';
import type { SettlementSettings } from './settings.ts';

export interface MatcherDeps {
  readonly knex: Knex;
  readonly rules: PostingRules;
  readonly settings: SettlementSettings;
  /** What is overdue is judged by this clock. */
  readonly now: () => Date;
}

/** Most order ids looked at in one transaction: bounds memory, and what is repeated after a crash. */
export const KEYS_PER_STEP = 500;
const KEYS_PER_BLOCK = 100;

interface DueRow {
  id: string;
  channelCode: string;
  orderKey: string | null;
  statementId: string | null;
  block: string | null;
}

/**
 * Looks at what is due: lines, orders, documents and decisions that came since. A step is one transaction: killed at
 * any moment, it is as if it had not begun, and what it would have looked at is still due.
 */
export function createMatcher(deps: MatcherDeps) {
  const { knex, now } = deps;
  const judge = createJudge(deps);

  /**
   * @param most order ids to look at; blocks are as much work as a hundred of them
   * @returns how many order ids and blocks were looked at; 0 when nothing is due or another process is at it
   */
  async function step(most = KEYS_PER_STEP): Promise<number> {
    return inTransaction(knex, async (trx) => {
      if (!(await judge.tryLock(trx))) return 0;
      const due = await query<DueRow>(
        trx,
        `${WITH_CHANNELS} select d.* from channel cross join lateral (
           select id, channel_code as "channelCode", order_key as "orderKey", statement_id as "statementId", block
           from settlement.match_due where channel_code = channel.code order by id limit greatest(1, ? / (select count(*) from channel where code is not null))) d
         where channel.code is not null order by d.id limit ?`,
        [most, most],
      );
      if (due.length === 0) return settleStatements(trx);
      const done: string[] = [];
      for (const [channelCode, rows] of groupBy(due, (row) => row.channelCode)) {
        const keys = [...new Set(rows.flatMap((row) => row.orderKey ?? []))].sort();
        if (keys.length > 0) await judge.orders(trx, channelCode, keys);
        done.push(...rows.filter((row) => row.orderKey !== null).map((row) => row.id));
        for (const row of rows.filter((one) => one.orderKey === null).slice(0, Math.ceil(most / KEYS_PER_BLOCK))) {
          await judge.block(trx, channelCode, row.statementId ?? '', Number(row.block));
          done.push(row.id);
        }
      }
      await change(trx, 'delete from settlement.match_due where id = any(?::bigint[])', [done]);
      await settleStatements(trx);
      return done.length;
    });
  }

  return {
    step,

    /** Looks at everything that is due. @returns how much was looked at */
    async catchUp(signal: AbortSignal): Promise<number> {
      let sum = 0;
      for (let looked = 1; looked > 0 && !signal.aborted; sum += looked) looked = await step();
      return sum;
    },

    /** Has orders looked at again that should have been settled by now. @returns how many */
    async findOverdue(): Promise<number> {
      return change(
        knex,
        `insert into settlement.match_due (channel_code, order_key)
         select o.channel_code, coalesce(o.channel_order_id, o.number)
         from settlement.order_settlement s join settlement.channel_order o on o.order_id = s.order_id
         where s.due_at <= ? and not exists (
           select from settlement.difference d where d.order_id = s.order_id and d.reason = 'NOT_SETTLED'
             and (d.state <> 'RESOLVED' or exists (select from settlement.decision c where c.exception_id = d.id and c.state = 'TAKEN')))
         order by s.due_at limit 10000`,
        [now()],
      );
    },
  };
}

export type Matcher = ReturnType<typeof createMatcher>;

/** Channels with something due, each found by one look at the index: a channel with much to do keeps no other one waiting. */
const WITH_CHANNELS = `with recursive channel (code) as (
  (select channel_code from settlement.match_due order by channel_code limit 1)
  union all select (select channel_code from settlement.match_due where channel_code > channel.code order by channel_code limit 1)
  from channel where channel.code is not null)`;

/**
 * Differences `d` of lines of a statement `s`. One of its payout says nothing of how the lines match, and comes and goes when the
 * bank tells of money: it keeps the statement from being RECONCILED, whichever comes first.
 */
const OF_LINES = `d.statement_id = s.id and not starts_with(d.group_key, 'payout:')`;

/** Says of statements that were looked at whole, those of channels with nothing due, how they stand. */
async function settleStatements(trx: Knex.Transaction): Promise<number> {
  await change(
    trx,
    `update settlement.statement s set state = case
       when exists (select from settlement.difference d where ${OF_LINES} and d.state = 'DISPUTED') then 'DISPUTED'
       when exists (select from settlement.difference d where ${OF_LINES} and d.state in ('OPEN', 'AWAITING_APPROVAL')) then 'PARTIALLY_MATCHED'
       when exists (select from settlement.difference d join settlement.decision c on c.exception_id = d.id and c.state = 'TAKEN'
                    where ${OF_LINES}) then 'ADJUSTED'
       else 'MATCHED' end
     where (state = 'MATCHING' or (state = 'INGESTED' and not exists (select from settlement.statement_line l where l.statement_id = s.id)))
       and not exists (select from settlement.match_due m where m.channel_code = s.channel_code)`,
  );
  return 0;
}
