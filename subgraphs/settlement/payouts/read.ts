import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import {
  type Connection,
  type PageArgs,
  readPage,
  timeKey,
  toConnection,
} from '../../../platform/graphql/connection.ts';
import { type Money, money } from '../../../platform/money.ts';
import type { PayoutState } from './states.ts';

/** A payout, as the graph shows it. */
export interface Payout {
  readonly id: string;
  readonly channelCode: string;
  readonly externalId: string;
  readonly settlementId: string | null;
  readonly state: PayoutState;
  readonly amount: Money;
  /** Null when the channel did not say. */
  readonly announced: Money | null;
  /** What was taken off it for earlier settlements; zero or negative. */
  readonly carriedForward: Money;
  readonly carriedIntoId: string | null;
  readonly reference: string | null;
  readonly scheduledAt: Date | null;
  readonly changedAt: Date;
  readonly receiptId: string | null;
}

/** A credit on our bank account, as the graph shows it. */
export interface Receipt {
  readonly id: string;
  readonly amount: Money;
  /** YYYY-MM-DD */
  readonly bookedOn: string;
  readonly bankReference: string;
  readonly remittance: string;
  readonly accountTail: string;
  readonly payoutId: string | null;
}

export interface PayoutFilter {
  readonly channelCode?: string | null;
  readonly state?: readonly string[] | null;
}

export interface ReceiptFilter {
  readonly matched?: boolean | null;
}

type PayoutRow = Omit<Payout, 'amount' | 'announced' | 'carriedForward'> & {
  readonly amountMinor: string;
  readonly announcedMinor: string | null;
  readonly carriedMinor: string;
  readonly currencyCode: string;
  readonly sortKey: string;
};
type ReceiptRow = Omit<Receipt, 'amount'> & {
  readonly amountMinor: string;
  readonly currencyCode: string;
  readonly sortKey: string;
};

const microseconds = (time: string) => `(extract(epoch from ${time}) * 1000000)::bigint`;
/** The end of its statement's period stands for the day where nobody told one. */
const PAYOUT_AT = `coalesce(p.scheduled_at, s.period_end, 'epoch')`;
const PAYOUTS = `select p.id, p.channel_code as "channelCode", p.external_id as "externalId", p.statement_id as "settlementId", p.state,
  p.amount_minor as "amountMinor", p.announced_minor as "announcedMinor", p.currency_code as "currencyCode", p.carried_into as "carriedIntoId",
  coalesce((select sum(c.amount_minor) from settlement.payout c where c.carried_into = p.id), 0)::text as "carriedMinor",
  p.reference, p.scheduled_at as "scheduledAt", p.changed_at as "changedAt",
  (select r.id from settlement.bank_receipt r where r.payout_id = p.id limit 1) as "receiptId", ${microseconds(PAYOUT_AT)} as "sortKey"
  from settlement.payout p left join settlement.statement s on s.id = p.statement_id`;
const RECEIPTS = `select r.id, r.amount_minor as "amountMinor", r.currency_code as "currencyCode", to_char(r.booked_on, 'YYYY-MM-DD') as "bookedOn",
  r.bank_reference as "bankReference", r.remittance, r.account_tail as "accountTail", r.payout_id as "payoutId",
  ${microseconds('r.booked_on')} as "sortKey" from settlement.bank_receipt r`;

/** Set-based reads of payouts and of the money at the bank. */
export function createPayoutReader(knex: Knex) {
  /** @throws CommerceError BAD_USER_INPUT for an unusable page */
  async function list<Row extends { id: string; sortKey: string }, Node>(
    rows: string,
    narrow: (select: Knex.QueryBuilder) => void,
    args: PageArgs,
    node: (row: Row) => Node,
  ): Promise<Connection<Node>> {
    const page = readPage(args, 2);
    const [order, beyond] = page.direction === 'forward' ? ['desc', '<'] : ['asc', '>'];
    const select = knex
      .from(knex.raw(`(${rows}) as listed`))
      .select('*')
      .limit(page.size + 1)
      .orderByRaw(`"sortKey" ${order}, id ${order}`);
    narrow(select);
    if (page.cursor)
      select.whereRaw(`("sortKey", id) ${beyond} (?::bigint, ?)`, [timeKey(page.cursor[0]), String(page.cursor[1])]);
    return toConnection((await select) as Row[], page, { key: (row) => [row.sortKey, row.id], node });
  }

  return {
    /** Newest first. @throws CommerceError BAD_USER_INPUT for an unusable page */
    list: (filter: PayoutFilter, args: PageArgs): Promise<Connection<Payout>> =>
      list<PayoutRow, Payout>(
        PAYOUTS,
        (select) => {
          if (filter.channelCode != null) select.where('channelCode', filter.channelCode);
          if (filter.state != null) select.whereIn('state', [...filter.state]);
        },
        args,
        toPayout,
      ),

    /** Newest first. @throws CommerceError BAD_USER_INPUT for an unusable page */
    receipts: (filter: ReceiptFilter, args: PageArgs): Promise<Connection<Receipt>> =>
      list<ReceiptRow, Receipt>(
        RECEIPTS,
        (select) => {
          if (filter.matched === true) select.whereNotNull('payoutId');
          if (filter.matched === false) select.whereNull('payoutId');
        },
        args,
        toReceipt,
      ),

    async byId(ids: readonly string[]): Promise<Map<string, Payout>> {
      const rows = await query<PayoutRow>(knex, `${PAYOUTS} where p.id = any(?::text[])`, [ids]);
      return new Map(rows.map((row) => [row.id, toPayout(row)]));
    },

    /** The payout that each statement announced. */
    async byStatement(ids: readonly string[]): Promise<Map<string, Payout>> {
      const rows = await query<PayoutRow>(knex, `${PAYOUTS} where p.statement_id = any(?::text[]) order by p.id`, [
        ids,
      ]);
      return new Map(rows.map((row) => [row.settlementId ?? '', toPayout(row)]));
    },

    async receiptsById(ids: readonly string[]): Promise<Map<string, Receipt>> {
      const rows = await query<ReceiptRow>(knex, `${RECEIPTS} where r.id = any(?::text[])`, [ids]);
      return new Map(rows.map((row) => [row.id, toReceipt(row)]));
    },
  };
}

export type PayoutReader = ReturnType<typeof createPayoutReader>;

function toPayout(row: PayoutRow): Payout {
  const { amountMinor, announcedMinor, carriedMinor, currencyCode, sortKey: _, ...rest } = row;
  return {
    ...rest,
    amount: money(amountMinor, currencyCode),
    announced: announcedMinor === null ? null : money(announcedMinor, currencyCode),
    carriedForward: money(carriedMinor, currencyCode),
  };
}

function toReceipt({ amountMinor, currencyCode, sortKey: _, ...row }: ReceiptRow): Receipt {
  return { ...row, amount: money(amountMinor, currencyCode) };
}
