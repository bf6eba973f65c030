import { createHash } from 'node:crypto';
import type { ChannelOrder, FetchedOrder } from '../port.ts';

/** What changes of a fetched order are seen by. Holds no personal data. */
export interface OrderContent {
  readonly currencyCode: string;
  /** Of buyer, address and service level. Null where the channel told none. */
  readonly delivery: string | null;
  readonly lines: readonly {
    readonly id: string;
    readonly sku: string;
    readonly quantity: number;
    readonly cancelled: number;
    readonly unitPrice: string;
  }[];
}

/** Pure: what is kept of an order to see what changes. */
export function contentOf({ currencyCode, customer, address, serviceLevel, lines }: ChannelOrder): OrderContent {
  return {
    currencyCode,
    delivery: address && digest([customer, address, serviceLevel]),
    lines: lines
      .map(({ channelLineId: id, sku, quantity, cancelled, unitPrice }) => ({
        id,
        sku,
        quantity,
        cancelled,
        unitPrice,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** Tells whether an order says what it said before. What its channel adds without a meaning for us changes nothing. */
export function fingerprintOf({ raw, reading }: FetchedOrder): string {
  return reading.kind === 'READ' ? digest(contentOf(reading.order)) : digest(raw);
}

/**
 * Pure: an order with what its channel told before and tells no more: how many units were bought of a line that is wholly
 * cancelled, and who gets the goods when none are left to be sent.
 */
export function withFormer(before: OrderContent, order: ChannelOrder): ChannelOrder {
  const bought = new Map(before.lines.map(({ id, quantity }) => [id, quantity]));
  return {
    ...order,
    lines: order.lines.map((line) => {
      const quantity = bought.get(line.channelLineId) ?? 0;
      return line.quantity > 0 ? line : { ...line, quantity, cancelled: Math.max(0, quantity - line.sent) };
    }),
  };
}

/**
 * Pure: what an order says now that nobody here can follow by itself, in words for an operator. Units that were
 * cancelled are not among it.
 */
export function changesOf(before: OrderContent, now: OrderContent): string[] {
  const earlier = new Map(before.lines.map((line) => [line.id, line]));
  const ids = new Set(now.lines.map(({ id }) => id));
  const changes = now.lines.flatMap((line) => {
    const old = earlier.get(line.id);
    if (!old) return [`line ${line.id} is new`];
    return [
      ...(old.sku === line.sku ? [] : [`line ${line.id} has another article`]),
      ...(old.quantity === line.quantity ? [] : [`line ${line.id} has ${line.quantity} units, not ${old.quantity}`]),
      ...(old.unitPrice === line.unitPrice ? [] : [`line ${line.id} has another price`]),
      ...(old.cancelled <= line.cancelled ? [] : [`line ${line.id} has fewer units cancelled`]),
    ];
  });
  const gone = before.lines.filter(({ id }) => !ids.has(id)).map(({ id }) => `line ${id} is gone`);
  return [
    ...changes,
    ...gone,
    ...(before.delivery === now.delivery || now.delivery === null
      ? []
      : ['the buyer, the address or the service level is another']),
    ...(before.currencyCode === now.currencyCode ? [] : ['the currency is another']),
  ];
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}
