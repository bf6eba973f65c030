import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { query } from '../../../platform/db/query.ts';
import {
  type Connection,
  type PageArgs,
  readPage,
  timeKey,
  toConnection,
} from '../../../platform/graphql/connection.ts';
import { type Money, money } from '../../../platform/money.ts';
import { readParts } from './parts.ts';
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
  /** The channel's own word for its state. Null when it told none. */
  readonly channelStatus: string | null;
  /** What the bank shows of it. */
  readonly received: Money;
  /** What the bank shows (0 once it should), else what was announced, less what its statement pays. Null while neither is known, and where nothing is paid. */
  readonly difference: Money | null;
  /** Whether that is what was carried forward, to the cent. */
  readonly isCarriedExactly: boolean;
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
  /** What of its payout it is, in the payout's currency. Null without one. */
  readonly payoutAmount: Money | null;
  /** How the bank contradicts itself about it; null when it does not. */
  readonly conflict: string | null;
  readonly contradictsId: string | null;
  /** The credit that the bank took back with it. */
  readonly takesBackId: string | null;
}

/** What a person decided about a credit. */
export interface ReceiptDecision {
  readonly id: string;
  readonly receiptId: string;
  readonly kind: 'MATCH' | 'RELEASE';
  readonly payoutId: string;
  readonly actor: string;
  readonly note: string;
  readonly madeAt: Date;
  readonly entryId: string | null;
}

export interface PayoutFilter {
  readonly channelCode?: string | null;
  readonly state?: readonly string[] | null;
}

export interface ReceiptFilter {
  readonly matched?: boolean | null;
  readonly contradicting?: boolean | null;
}

type PayoutRow = Omit<
  Payout,
  'amount' | 'announced' | 'carriedForward' | 'received' | 'difference' | 'isCarriedExactly'
> & {
  readonly amountMinor: string;
  readonly announcedMinor: string | null;
  readonly carriedMinor: string;
  /** Null while the bank shows nothing, and when it took all of it back. */
  readonly receivedMinor: string | null;
  /** Its money should have come. */
  readonly isMissing: boolean;
  readonly currencyCode: string;
  readonly sortKey: string;
};
type ReceiptRow = Omit<Receipt, 'amount' | 'payoutAmount'> & {
  readonly amountMinor: string;
  readonly countedMinor: string;
  readonly payoutCurrencyCode: string | null;
  readonly currencyCode: string;
  readonly sortKey: string;
};

const microseconds = (time: string) => `(extract(epoch from ${time}) * 1000000)::bigint`;
/** The end of its statement's period stands for the day where nobody told one. */
const PAYOUT_AT = `coalesce(p.scheduled_at, s.period_end, 'epoch')`;
const PAYOUTS = `select p.id, p.channel_code as "channelCode", p.external_id as "externalId", p.statement_id as "settlementId", p.state,
  p.amount_minor as "amountMinor", p.announced_minor as "announcedMinor", p.currency_code as "currencyCode", p.carried_into as "carriedIntoId",
  coalesce((select sum(c.amount_minor) from settlement.payout c where c.carried_into = p.id), 0)::text as "carriedMinor",
  p.reference, p.scheduled_at as "scheduledAt", p.changed_at as "changedAt", p.told_status as "channelStatus", p.missing_since is not null as "isMissing",
  (select nullif(sum(r.counted_minor), 0) from settlement.bank_receipt r where r.payout_id = p.id)::text as "receivedMinor", ${microseconds(PAYOUT_AT)} as "sortKey"
  from settlement.payout p left join settlement.statement s on s.id = p.statement_id`;
const RECEIPTS = `select r.id, r.amount_minor as "amountMinor", r.currency_code as "currencyCode", to_char(r.booked_on, 'YYYY-MM-DD') as "bookedOn",
  r.bank_reference as "bankReference", r.remittance, r.account_tail as "accountTail", r.payout_id as "payoutId", r.conflict, r.contradicts as "contradictsId", r.takes_back as "takesBackId",
  r.counted_minor as "countedMinor", p.currency_code as "payoutCurrencyCode", ${microseconds('r.booked_on')} as "sortKey"
  from settlement.bank_receipt r left join settlement.payout p on p.id = r.payout_id`;

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
          if (filter.contradicting === true) select.whereNotNull('conflict');
          if (filter.contradicting === false) select.whereNull('conflict');
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

    /** What arrived of each payout, the oldest first. */
    async receiptsByPayout(ids: readonly string[]): Promise<Map<string, Receipt[]>> {
      const rows = await query<ReceiptRow>(knex, `${RECEIPTS} where r.payout_id = any(?::text[]) order by r.booked_on, r.id`, [ids]); // biome-ignore format: one thought
      return groupBy(rows.map(toReceipt), ({ payoutId }) => payoutId ?? '');
    },

    /** What makes up the difference of each payout. */
    parts: (ids: readonly string[]) => readParts(knex, ids),

    /** What people decided about each credit, the oldest first. */
    async receiptDecisions(ids: readonly string[]): Promise<Map<string, ReceiptDecision[]>> {
      const rows = await query<ReceiptDecision>(
        knex,
        `select id, receipt_id as "receiptId", kind, payout_id as "payoutId", actor, note, made_at as "madeAt", entry_id as "entryId"
         from settlement.receipt_decision where receipt_id = any(?::text[]) order by made_at, id`,
        [ids],
      );
      return groupBy(rows, ({ receiptId }) => receiptId);
    },
  };
}

export type PayoutReader = ReturnType<typeof createPayoutReader>;

function toPayout(row: PayoutRow): Payout {
  const {
    amountMinor,
    announcedMinor,
    carriedMinor,
    receivedMinor,
    isMissing,
    currencyCode,
    sortKey: _,
    ...rest
  } = row;
  // As it is judged: one that is not paid announces nothing, and without its statement there is nothing to compare.
  const announces = rest.settlementId !== null && rest.state !== 'FAILED';
  const told = receivedMinor ?? (isMissing ? '0' : announces ? announcedMinor : null);
  const isPaid = rest.state !== 'CANCELLED' && rest.state !== 'CARRIED_FORWARD';
  const due = BigInt(amountMinor) + BigInt(carriedMinor);
  return {
    ...rest,
    amount: money(amountMinor, currencyCode),
    announced: announcedMinor === null ? null : money(announcedMinor, currencyCode),
    carriedForward: money(carriedMinor, currencyCode),
    received: money(receivedMinor ?? 0n, currencyCode),
    difference: told === null || !isPaid ? null : money(BigInt(told) - BigInt(amountMinor), currencyCode),
    isCarriedExactly: [receivedMinor, announces ? announcedMinor : null].some(
      (one) => one !== null && BigInt(one) === due,
    ),
  };
}

function toReceipt({
  amountMinor,
  currencyCode,
  countedMinor,
  payoutCurrencyCode,
  sortKey: _,
  ...row
}: ReceiptRow): Receipt {
  const payoutAmount = payoutCurrencyCode === null ? null : money(countedMinor, payoutCurrencyCode);
  return { ...row, amount: money(amountMinor, currencyCode), payoutAmount };
}
