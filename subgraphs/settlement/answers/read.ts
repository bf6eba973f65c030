import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { type Money, money } from '../../../platform/money.ts';
import { WORDS_OF_LINE } from '../statements/words.ts';

/** Open differences of one channel, reason, age and currency. */
export interface AgeBucket {
  readonly channelCode: string;
  readonly reason: string;
  readonly age: 'DAYS_0_TO_7' | 'DAYS_8_TO_30' | 'DAYS_31_TO_60' | 'DAYS_61_TO_90' | 'DAYS_OVER_90';
  readonly count: number;
  readonly total: Money;
}

/** What a channel kept for itself, per SKU and words. */
export interface FeeSum {
  readonly channelCode: string;
  readonly sku: string | null;
  readonly description: string;
  readonly lineCount: number;
  readonly total: Money;
}

/** What is left of an order. */
export interface OrderProceeds {
  readonly orderId: string;
  /** Invoiced less credited, without tax. */
  readonly net: Money;
  /** What the channel kept of it; negative. */
  readonly fees: Money;
  readonly settled: Money;
  /** What its goods cost, less those that came back. Null while the ERP does not know it of all of them. */
  readonly costOfGoods: Money | null;
}

export interface FeeFilter {
  readonly channelCode: string;
  readonly postedSince?: string | null;
  readonly postedUntil?: string | null;
}

/** Most rows of an answer that is not paged. */
const MAX_ROWS = 1_000;

export function createAnswerReader(knex: Knex) {
  return {
    /** Undecided differences by age, oldest last. */
    async aging(channelCode: string | null): Promise<AgeBucket[]> {
      const rows = await query<Omit<AgeBucket, 'total'> & { minor: string; currencyCode: string }>(
        knex,
        `select channel_code as "channelCode", reason, age, currency_code as "currencyCode", count(*)::int as count, sum(difference_minor)::text as minor
         from (select d.*, case when now() - opened_at < interval '8 days' then 'DAYS_0_TO_7' when now() - opened_at < interval '31 days' then 'DAYS_8_TO_30'
                 when now() - opened_at < interval '61 days' then 'DAYS_31_TO_60' when now() - opened_at < interval '91 days' then 'DAYS_61_TO_90' else 'DAYS_OVER_90' end as age
               from settlement.difference d where state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED') and (?::text is null or channel_code = ?)) as aged
         group by 1, 2, 3, 4 order by channel_code, array_position(array['DAYS_0_TO_7', 'DAYS_8_TO_30', 'DAYS_31_TO_60', 'DAYS_61_TO_90', 'DAYS_OVER_90'], age), reason, currency_code limit ?`,
        [channelCode, channelCode, MAX_ROWS],
      );
      return rows.map(({ minor, currencyCode, ...row }) => ({ ...row, total: money(minor, currencyCode) }));
    },

    /** Fees and commissions of a channel by SKU and words, dearest first. */
    async fees({ channelCode, postedSince, postedUntil }: FeeFilter): Promise<FeeSum[]> {
      const rows = await query<Omit<FeeSum, 'total'> & { minor: string; currencyCode: string }>(
        knex,
        `select l.channel_code as "channelCode", l.sku, coalesce(nullif(${WORDS_OF_LINE}, ''), l.class) as description, l.currency_code as "currencyCode",
           count(*)::int as "lineCount", sum(l.amount_minor)::text as minor
         from settlement.statement_line l join settlement.statement s on s.id = l.statement_id and s.state not in ('LOADING', 'REVERSED')
         where l.channel_code = ? and l.class in ('COMMISSION', 'FEE', 'CHARGEBACK', 'ADJUSTMENT')
           and (?::timestamptz is null or l.posted_at >= ?) and (?::timestamptz is null or l.posted_at <= ?)
         group by 1, 2, 3, 4 order by sum(l.amount_minor), 2, 3, 4 limit ?`,
        [channelCode, postedSince ?? null, postedSince ?? null, postedUntil ?? null, postedUntil ?? null, MAX_ROWS],
      );
      return rows.map(({ minor, currencyCode, ...row }) => ({ ...row, total: money(minor, currencyCode) }));
    },

    async proceeds(orderIds: readonly string[]): Promise<Map<string, OrderProceeds>> {
      const rows = await query<{
        orderId: string;
        net: string;
        fees: string;
        settled: string;
        cost: string | null;
        currencyCode: string;
      }>(
        knex,
        `select s.order_id as "orderId", s.currency_code as "currencyCode", s.fees_minor as fees, s.settled_minor as settled,
           coalesce((select sum(case d.kind when 'INVOICE' then d.net_minor else -d.net_minor end) from settlement.document d where d.order_id = s.order_id), 0)::text as net,
           (select case when bool_and(l.cost_minor is not null) then sum(case d.kind when 'INVOICE' then l.cost_minor else -l.cost_minor end) end
            from settlement.document d join settlement.document_line l on l.document_id = d.id where d.order_id = s.order_id)::text as cost
         from settlement.order_settlement s where s.order_id = any(?::text[])`,
        [orderIds],
      );
      return new Map(
        rows.map(({ orderId, net, fees, settled, cost, currencyCode }) => {
          const amount = (minor: string) => money(minor, currencyCode);
          return [
            orderId,
            {
              orderId,
              net: amount(net),
              fees: amount(fees),
              settled: amount(settled),
              costOfGoods: cost === null ? null : amount(cost),
            },
          ];
        }),
      );
    },
  };
}

export type AnswerReader = ReturnType<typeof createAnswerReader>;
