import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { memoryFinanceSystem } from '../../subgraphs/settlement/adapters/memory.ts';
import { createFinance } from '../../subgraphs/settlement/finance.ts';
import { postOwnEvents } from '../../subgraphs/settlement/ledger/post-own-events.ts';
import { loadPostingRules } from '../../subgraphs/settlement/ledger/posting-rules.ts';
import { createMatcher } from '../../subgraphs/settlement/matching/matcher.ts';
import { loadSettlementSettings } from '../../subgraphs/settlement/matching/settings.ts';
import { createOrderConsumption } from '../../subgraphs/settlement/own-events.ts';
import type { FinanceSystem } from '../../subgraphs/settlement/port.ts';

/** An order as a test sells it: unit prices net and tax in minor units. */
export interface SoldOrder {
  readonly orderId: string;
  readonly channelOrderId: string;
  readonly currencyCode?: string;
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly netMinor: bigint;
    readonly taxMinor: bigint;
  }[];
}

/** The memory ERP counts its documents from 1; several on one database need numbers of their own. */
function numbered(erp: FinanceSystem, prefix: string): FinanceSystem {
  return {
    ...erp,
    post: async (request, signal) => {
      const posted = await erp.post(request, signal);
      return { ...posted, number: `${prefix}-${posted.number}` };
    },
  };
}

const signal = new AbortController().signal;

/**
 * Sells, invoices and matches on one marketplace, with an ERP in memory or a given one; each test takes a channel of its
 * own. Ids of orders begin with the channel unless `idOf` tells others. The clock can be moved.
 */
export function openBooks(
  knex: Knex,
  channelCode: string,
  erp?: FinanceSystem,
  idOf: (order: SoldOrder) => string = ({ orderId }) => `${channelCode}-${orderId}`,
) {
  const start = '2026-11-02T09:00:00Z';
  const clock = { now: new Date(start) };
  const rules = loadPostingRules();
  const settings = loadSettlementSettings();
  const finance = createFinance({
    knex,
    rules,
    settings,
    erp:
      erp ??
      numbered(
        memoryFinanceSystem(() => clock.now),
        channelCode,
      ),
  });
  const consumption = createOrderConsumption({ knex, settings });
  const matcher = createMatcher({ knex, rules, settings, now: () => clock.now });
  let events = 0;

  const documentOf = (order: SoldOrder, key: string, only?: ReadonlyMap<string, number>) => ({
    key,
    orderId: idOf(order),
    orderNumber: `N-${idOf(order)}`,
    channelCode: channelCode,
    customerId: null,
    currencyCode: order.currencyCode ?? 'GBP',
    lines: order.lines.flatMap((line, index) => {
      const quantity = only ? (only.get(line.sku) ?? 0) : line.quantity;
      const amount = (minor: bigint) => minor * BigInt(quantity);
      return quantity === 0 ? [] : [{ lineId: `l${index}`, sku: line.sku, quantity, netMinor: amount(line.netMinor), taxMinor: amount(line.taxMinor) }];
    }),
    paid: true,
    traceId: '0'.repeat(32),
  }); // biome-ignore format: a table

  return {
    clock,
    rules,
    settings,
    matcher,
    place: (order: SoldOrder) =>
      consumption.handler(
        {
          sequence: `0-${++events}`,
          id: crypto.randomUUID(),
          type: 'order-placed.v1',
          source: '/commerce/order',
          subject: idOf(order),
          version: 1,
          channelCode: channelCode,
          occurredAt: clock.now.toISOString(),
          traceId: '0'.repeat(32),
          data: {
            orderId: idOf(order),
            number: `N-${idOf(order)}`,
            channelCode: channelCode,
            channelKind: 'MARKETPLACE',
            channelOrderId: order.channelOrderId,
            lines: order.lines.map((line, index) => ({
              lineId: `l${index}`,
              sku: line.sku,
              quantity: line.quantity,
              grossMinor: ((line.netMinor + line.taxMinor) * BigInt(line.quantity)).toString(),
            })),
            allocations: [],
            totalMinor: order.lines
              .reduce((sum, line) => sum + (line.netMinor + line.taxMinor) * BigInt(line.quantity), 0n)
              .toString(),
            currencyCode: order.currencyCode ?? 'GBP',
            deliveryMethod: 'SHIPPING',
          },
        },
        signal,
      ),
    /** Invoices all of it, or units per SKU. */
    invoice: (order: SoldOrder, key = `${idOf(order)}:invoice`, only?: ReadonlyMap<string, number>) =>
      finance.postInvoice(documentOf(order, key, only), signal),
    credit: (order: SoldOrder, key = `${idOf(order)}:credit`, only?: ReadonlyMap<string, number>) =>
      finance.postCreditMemo({ ...documentOf(order, key, only), returnId: `ret-${idOf(order)}` }, signal),
    clear: (documentId: string) => finance.clear(documentId, signal),
    /** Posts and matches everything that is due. */
    async settle(): Promise<void> {
      while ((await postOwnEvents(knex, rules, settings)) > 0);
      await matcher.catchUp(signal);
    },
    /** What did not explain itself; what is only in another period, of which nothing is left to decide, as well. */
    differences: () =>
      query<Record<string, unknown>>(
        knex,
        `select reason, state, expected_minor::text as expected, actual_minor::text as actual, difference_minor::text as difference, currency_code as currency, channel_order_id as "channelOrderId", sku
         from settlement.difference where channel_code = ? and (state <> 'RESOLVED' or difference_minor = 0) order by reason, channel_order_id, sku, difference_minor`,
        [channelCode],
      ),
    /** Net balance per account and currency; accounts at zero are left out. */
    async balances(): Promise<Record<string, string>> {
      const rows = await query<{ account: string; currency: string; net: string }>(
        knex,
        `select account, currency_code as currency, sum(debit_minor - credit_minor)::text as net from settlement.account_balance where channel_code = ?
         group by 1, 2 having sum(debit_minor - credit_minor) <> 0 order by 1, 2`,
        [channelCode],
      );
      return Object.fromEntries(rows.map((row) => [`${row.account} ${row.currency}`, row.net]));
    },
    statuses: () =>
      query<{ orderId: string; status: string }>(
        knex,
        `select replace(order_id, ?, '') as "orderId", status from settlement.order_settlement where starts_with(order_id, ?) order by order_id`,
        [`${channelCode}-`, `${channelCode}-`],
      ),
  };
}
