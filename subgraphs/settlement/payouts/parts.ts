import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { query } from '../../../platform/db/query.ts';
import { type Money, money } from '../../../platform/money.ts';
import { differenceIdOf } from '../matching/store-differences.ts';

/** One of the amounts by which what is told of a payout differs from what its statement pays. */
export interface PayoutPart {
  readonly payoutId: string;
  readonly kind: 'CARRIED_FORWARD' | 'ANNOUNCEMENT' | 'ARRIVAL';
  readonly amount: Money;
  /** The earlier payout that was taken off. Null unless it is CARRIED_FORWARD. */
  readonly carriedFromId: string | null;
  /** Whether nothing else explains the amount as well. Null where that was not looked at: by a version before. */
  readonly isCertain: boolean | null;
  /** The difference that it is. Null for what was CARRIED_FORWARD. */
  readonly exceptionId: string | null;
}

interface Row {
  payoutId: string;
  channelCode: string;
  minor: string;
  currencyCode: string;
  carriedFromId: string | null;
  isCertain: boolean | null;
  exceptionId: string | null;
}

/** Of each payout: what was taken off, the oldest first, then the differences that are open or were decided about. */
export async function readParts(knex: Knex, payoutIds: readonly string[]): Promise<Map<string, PayoutPart[]>> {
  const rows = await query<Row>(
    knex,
    `select * from (
       select c.carried_into as "payoutId", c.channel_code as "channelCode", c.amount_minor as minor, c.currency_code as "currencyCode", c.id as "carriedFromId",
         c.carried_certain as "isCertain", null as "exceptionId", coalesce(s.period_end, c.scheduled_at) as at
       from settlement.payout c left join settlement.statement s on s.id = c.statement_id where c.carried_into = any(?::text[])
       union all
       select p.id, p.channel_code, d.difference_minor, d.currency_code, null, true, d.id, d.opened_at
       from settlement.payout p join settlement.difference d on d.channel_code = p.channel_code and d.group_key = 'payout:' || p.id
       where p.id = any(?::text[]) and (d.state <> 'RESOLVED' or exists (
         select from settlement.decision c where c.exception_id = d.id and c.state = 'TAKEN' and c.resolution <> 'REOPEN'))
     ) parts order by "exceptionId" is not null, at, coalesce("carriedFromId", "exceptionId")`,
    [payoutIds, payoutIds],
  );
  return groupBy(
    rows.map(({ minor, currencyCode, channelCode, ...row }): PayoutPart => ({ ...row, kind: kindOf(channelCode, row), amount: money(minor, currencyCode) })), // biome-ignore format: one thought
    ({ payoutId }) => payoutId,
  );
}

/** A difference's id tells what it is about. */
function kindOf(
  channelCode: string,
  { payoutId, exceptionId }: Pick<Row, 'payoutId' | 'exceptionId'>,
): PayoutPart['kind'] {
  if (exceptionId === null) return 'CARRIED_FORWARD';
  const announcement = differenceIdOf(channelCode, { rawKey: `payout:${payoutId}`, reason: 'AMOUNT_DIFFERENCE', scope: 'announcement' }); // biome-ignore format: one thought
  return exceptionId === announcement ? 'ANNOUNCEMENT' : 'ARRIVAL';
}
