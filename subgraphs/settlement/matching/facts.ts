import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { query } from '../../../platform/db/query.ts';
import type { LineClass } from '../reports/model.ts';
import type { BlockFacts } from './evaluate-block.ts';
import { shapeOf } from './id-shape.ts';
import type { ExpectedDocument, MatchLine, OrderFacts } from './model.ts';
import type { ChannelSettings } from './settings.ts';

interface LineRow {
  statementId: string; lineNumber: string; periodStart: Date; periodEnd: Date; channelOrderId: string | null; merchantOrderId: string | null;
  class: LineClass; wordTransaction: string; wordType: string; wordDescription: string; sku: string | null; quantity: number | null;
  amountMinor: string; currencyCode: string; postedAt: Date; fingerprint: string; manualOrderId: string | null; decisionId: string | null;
} // biome-ignore format: a table

const LINES = `select l.statement_id as "statementId", l.line_number as "lineNumber", s.period_start as "periodStart", s.period_end as "periodEnd",
  l.channel_order_id as "channelOrderId", l.merchant_order_id as "merchantOrderId", l.class, l.word_transaction as "wordTransaction",
  l.word_type as "wordType", l.word_description as "wordDescription", l.sku, l.quantity, l.amount_minor as "amountMinor",
  l.currency_code as "currencyCode", l.posted_at as "postedAt", encode(l.fingerprint, 'hex') as fingerprint, m.order_id as "manualOrderId", m.decision_id as "decisionId"
  from settlement.statement_line l join settlement.statement s on s.id = l.statement_id and s.state not in ('LOADING', 'REVERSED')
  left join settlement.manual_match m on m.statement_id = l.statement_id and m.line_number = l.line_number`;

interface OrderRow {
  orderId: string;
  number: string;
  channelOrderId: string | null;
  currencyCode: string;
}

/** Facts of order ids, and all the ids, as lines have them, that were looked at. */
export interface LoadedFacts {
  readonly groups: readonly OrderFacts[];
  readonly rawKeys: readonly string[];
}

/**
 * Everything that belongs together with some order ids of a channel: lines of all statements, orders, documents.
 * A fixed number of statements, whatever the number of ids.
 */
export async function loadOrderFacts(
  db: Knex,
  channelCode: string,
  keys: readonly string[],
  settings: ChannelSettings,
): Promise<LoadedFacts> {
  const asked = await linesOfKeys(db, channelCode, keys);
  const orders = await ordersOf(db, channelCode, [
    ...keys,
    ...asked.flatMap((row) => [row.channelOrderId, row.merchantOrderId]),
    ...asked.map((row) => row.manualOrderId),
  ]);
  // Lines that name one of these orders in another way, and what else stands under the ids of those.
  const related = await linesOfOrders(db, channelCode, orders);
  const moreKeys = [...new Set(related.map(rawKeyOf))].filter((key) => key !== null && !keys.includes(key)) as string[];
  const siblings = moreKeys.length === 0 ? [] : await linesOfKeys(db, channelCode, moreKeys);
  const rows = [...new Map([...asked, ...related, ...siblings].map((row) => [`${row.statementId} ${row.lineNumber}`, row])).values()]; // biome-ignore format: one thought

  const byId = new Map(orders.map((order) => [order.orderId, order]));
  const byChannelId = new Map(orders.flatMap((order) => (order.channelOrderId === null ? [] : [[order.channelOrderId, order]]))); // biome-ignore format: one thought
  const byNumber = new Map(orders.flatMap((order) => [[order.number, order], [order.orderId, order]])); // biome-ignore format: one thought
  const grouped = new Map<string, { order: OrderRow | null; key: string; lines: MatchLine[] }>();
  const groupOf = (order: OrderRow | null, key: string) => {
    const id = order === null ? `?${key}` : order.orderId;
    const group = grouped.get(id) ?? { order, key: order?.channelOrderId ?? order?.number ?? key, lines: [] };
    grouped.set(id, group);
    return group;
  };
  for (const order of orders) groupOf(order, order.number);
  for (const row of rows) {
    const [order, foundBy] = find(row);
    const rawKey = rawKeyOf(row);
    groupOf(order, rawKey ?? '').lines.push(toLine(row, foundBy));
  }

  function find(row: LineRow): [OrderRow | null, MatchLine['foundBy']] {
    const manual = row.manualOrderId === null ? undefined : byId.get(row.manualOrderId);
    if (manual) return [manual, 'by-hand'];
    const direct = row.channelOrderId === null ? undefined : byChannelId.get(row.channelOrderId);
    if (direct) return [direct, 'order-id'];
    for (const id of [row.merchantOrderId, row.channelOrderId]) {
      const ours = id === null ? undefined : byNumber.get(id);
      if (ours) return [ours, 'merchant-order-id'];
    }
    return [null, null];
  }

  const unknown = [...grouped.values()].filter((group) => group.order === null).map((group) => group.key);
  const looksRight = await looksLikeOrderIds(db, channelCode, unknown, settings);
  // One after the other: a transaction has one connection.
  const ordered = await orderedUnits(db, [...byId.keys()]);
  const documents = await documentsOf(db, [...byId.keys()]);
  const decided = await decidedPlaces(db, [...byId.keys()]);
  const groups = [...grouped.values()].map(
    ({ order, key, lines }): OrderFacts => ({
      channelCode,
      key,
      order:
        order === null
          ? null
          : {
              orderId: order.orderId,
              currencyCode: order.currencyCode,
              ordered: ordered.get(order.orderId) ?? new Map(),
            },
      looksLikeOrderId: order !== null || looksRight.has(key),
      lines,
      decided: new Set(lines.filter((line) => decided.has(`${line.statementId} ${line.lineNumber}`))),
      documents: order === null ? [] : (documents.get(order.orderId) ?? []),
    }),
  );
  const rawKeys = new Set([...keys, ...moreKeys, ...groups.map((group) => group.key)]);
  return { groups, rawKeys: [...rawKeys] };
}

/** Lines of a block of a statement that name no order and were not matched by hand. */
export async function loadBlockFacts(
  db: Knex,
  channelCode: string,
  statementId: string,
  block: number,
  linesPerBlock: number,
): Promise<BlockFacts> {
  const rows = await query<LineRow & { toldBefore: boolean }>(
    db,
    `select b.*, exists (
       select from settlement.statement_line o join settlement.statement os on os.id = o.statement_id and os.state not in ('LOADING', 'REVERSED')
       where o.fingerprint = decode(b.fingerprint, 'hex')
         and (os.period_start, o.statement_id collate "C", o.line_number) < (b."periodStart", b."statementId" collate "C", b."lineNumber")
     ) as "toldBefore"
     from (${LINES} where l.statement_id = ? and l.line_number >= ? and l.line_number < ? and coalesce(l.channel_order_id, l.merchant_order_id) is null) as b
     where b."manualOrderId" is null`,
    [statementId, block * linesPerBlock, (block + 1) * linesPerBlock],
  );
  const lines = rows.map((row) => toLine(row, null));
  return {
    channelCode,
    key: `#${statementId}:${block}`,
    lines,
    toldBefore: new Set(lines.filter((_, index) => rows[index]?.toldBefore)),
  };
}

const rawKeyOf = (row: LineRow): string | null => row.channelOrderId ?? row.merchantOrderId;

function linesOfKeys(db: Knex, channelCode: string, keys: readonly string[]): Promise<LineRow[]> {
  return query<LineRow>(
    db,
    `${LINES} where l.channel_code = ? and l.channel_order_id = any(?::text[])
     union all ${LINES} where l.channel_code = ? and l.merchant_order_id = any(?::text[]) and l.channel_order_id is null`,
    [channelCode, keys, channelCode, keys],
  );
}

async function linesOfOrders(db: Knex, channelCode: string, orders: readonly OrderRow[]): Promise<LineRow[]> {
  if (orders.length === 0) return [];
  const ids = orders.map((order) => order.orderId);
  const ours = orders.flatMap((order) => [order.orderId, order.number]);
  const theirs = orders.flatMap((order) => (order.channelOrderId === null ? [] : [order.channelOrderId]));
  return query<LineRow>(
    db,
    `${LINES} where l.channel_code = ? and l.channel_order_id = any(?::text[])
     union ${LINES} where l.channel_code = ? and l.merchant_order_id = any(?::text[])
     union ${LINES} where (l.statement_id, l.line_number) in (select statement_id, line_number from settlement.manual_match where order_id = any(?::text[]))`,
    [channelCode, [...theirs, ...ours], channelCode, ours, ids],
  );
}

async function ordersOf(db: Knex, channelCode: string, ids: readonly (string | null)[]): Promise<OrderRow[]> {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  const columns =
    'order_id as "orderId", number, channel_order_id as "channelOrderId", currency_code as "currencyCode"';
  return query<OrderRow>(
    db,
    `select ${columns} from settlement.channel_order where channel_code = ? and channel_order_id = any(?::text[])
     union select ${columns} from settlement.channel_order where channel_code = ? and number = any(?::text[])
     union select ${columns} from settlement.channel_order where channel_code = ? and order_id = any(?::text[])`,
    [channelCode, wanted, channelCode, wanted, channelCode, wanted],
  );
}

async function orderedUnits(db: Knex, orderIds: readonly string[]): Promise<Map<string, Map<string, number>>> {
  const rows = await query<{ orderId: string; sku: string; units: number }>(
    db,
    `select order_id as "orderId", sku, sum(quantity)::int as units from settlement.channel_order_line where order_id = any(?::text[]) group by 1, 2`,
    [orderIds],
  );
  const byOrder = groupBy(rows, (row) => row.orderId);
  return new Map([...byOrder].map(([orderId, own]) => [orderId, new Map(own.map((row) => [row.sku, row.units]))]));
}

async function documentsOf(db: Knex, orderIds: readonly string[]): Promise<Map<string, ExpectedDocument[]>> {
  const rows = await query<{
    orderId: string; documentId: string; kind: ExpectedDocument['kind']; issuedAt: Date; sku: string; quantity: number; netMinor: string; taxMinor: string;
  }>(
    db,
    `select d.order_id as "orderId", d.id as "documentId", d.kind, d.issued_at as "issuedAt", l.sku, l.quantity, l.net_minor as "netMinor", l.tax_minor as "taxMinor"
     from settlement.document d join settlement.document_line l on l.document_id = d.id
     where d.order_id = any(?::text[]) order by d.issued_at, d.id, l.position`,
    [orderIds],
  ); // biome-ignore format: a table
  const byOrder = new Map<string, ExpectedDocument[]>();
  for (const own of groupBy(rows, (row) => row.documentId).values()) {
    const [first] = own;
    if (!first) continue;
    const { orderId, documentId, kind, issuedAt } = first;
    const lines = own.map(({ sku, quantity, netMinor, taxMinor }) => ({
      sku,
      quantity,
      netMinor: BigInt(netMinor),
      taxMinor: BigInt(taxMinor),
    }));
    byOrder.set(orderId, [...(byOrder.get(orderId) ?? []), { documentId, kind, issuedAt, lines }]);
  }
  return byOrder;
}

/** Lines of orders, as statement and line number, that somebody decided about although the order has no such SKU. */
async function decidedPlaces(db: Knex, orderIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (orderIds.length === 0) return new Set();
  const rows = await query<{ place: string }>(
    db,
    `select m.statement_id || ' ' || m.line_number as place from settlement.difference d join settlement.line_match m on m.exception_id = d.id
     where d.order_id = any(?::text[]) and d.reason = 'UNKNOWN_SKU' and d.state in ('RESOLVED', 'WRITTEN_OFF')`,
    [orderIds],
  );
  return new Set(rows.map(({ place }) => place));
}

/** Of ids that belong to no order, those that look like one: by the channel's pattern, or by the form of its known orders. */
async function looksLikeOrderIds(
  db: Knex,
  channelCode: string,
  ids: readonly string[],
  { orderIdPattern }: ChannelSettings,
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  if (orderIdPattern) return new Set(ids.filter((id) => orderIdPattern.test(id)));
  const shapes = [...new Set(ids.map(shapeOf))];
  const known = await query<{ shape: string; any: boolean }>(
    db,
    `select w.shape, exists (select from settlement.channel_order o where o.channel_code = ? and o.id_shape = w.shape)
         or not exists (select from settlement.channel_order o where o.channel_code = ? and o.id_shape is not null) as "any"
     from unnest(?::text[]) as w(shape)`,
    [channelCode, channelCode, shapes],
  );
  const usual = new Set(known.filter((row) => row.any).map((row) => row.shape));
  return new Set(ids.filter((id) => usual.has(shapeOf(id))));
}

function toLine(row: LineRow, foundBy: MatchLine['foundBy']): MatchLine {
  return {
    statementId: row.statementId,
    lineNumber: Number(row.lineNumber),
    periodStart: row.periodStart,
    periodEnd: row.periodEnd,
    rawKey: rawKeyOf(row),
    class: row.class,
    words: { transaction: row.wordTransaction, type: row.wordType, description: row.wordDescription },
    sku: row.sku,
    quantity: row.quantity,
    amountMinor: BigInt(row.amountMinor),
    currencyCode: row.currencyCode,
    postedAt: row.postedAt,
    fingerprint: row.fingerprint,
    foundBy,
    decisionId: foundBy === 'by-hand' ? row.decisionId : null,
  };
}
