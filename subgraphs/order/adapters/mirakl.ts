import { createHash } from 'node:crypto';
import { CommerceError } from '../../../platform/errors.ts';
import { formatAmount, money, parseMoney } from '../../../platform/money.ts';
import type { MiraklClient } from '../../../systems/mirakl/client.ts';
import { dated, type MiraklLine, type MiraklOrder, type MiraklTracking, type NewShipment, named } from '../../../systems/mirakl/wire.ts'; // biome-ignore format: one line
import type { ChannelNotice, ChannelOrders, ChannelSystem, NoticeLine, NoticePackage } from '../port.ts';
import { placeOf, readMiraklOrder, refundedOf, unitsOf } from './mirakl-order.ts';
import type { MiraklWords } from './mirakl-words.ts';
import { lastUnits, parcelsByLine } from './parcels.ts';
import { refundLeft, unitsTold } from './told-before.ts';

/** Orders of a shop at a marketplace that runs on Mirakl. Of two that differ, the one that was updated last is right. */
export function miraklChannelOrders(client: MiraklClient, words: MiraklWords): ChannelOrders {
  return {
    async *changedSince(since, signal) {
      for await (const page of client.changedOrders(since, signal))
        yield page.map((order) => {
          const raw = JSON.stringify(order);
          const name = named.safeParse(order);
          const channelOrderId = name.success
            ? name.data.order_id
            : `unnamed-${createHash('sha256').update(raw).digest('hex').slice(0, 16)}`;
          const moment = dated.safeParse(order).data?.last_updated_date;
          return {
            channelOrderId,
            raw,
            changedAt: moment === undefined ? undefined : new Date(moment),
            reading: readMiraklOrder(words, order),
          };
        });
    },
    read: (raw) => readMiraklOrder(words, JSON.parse(raw)),
  };
}

type Of<Kind extends ChannelNotice['kind']> = Extract<ChannelNotice, { kind: Kind }>;

/**
 * A marketplace on Mirakl as a channel that is told. Its messages have no names and are not to be sent twice, so the order is
 * read before: what it counts already, less what it took before, is this notice. What it only accepted is not told yet.
 */
export function miraklChannelSystem(client: MiraklClient, words: MiraklWords): ChannelSystem {
  const isAt = (order: MiraklOrder, place: string) => order.order_lines.some((line) => placeOf(words, line) === place);

  /** Takes the order on where it waits for that, and looks whether it has. */
  async function accept(order: MiraklOrder, signal: AbortSignal): Promise<MiraklOrder> {
    if (!isAt(order, 'NEW')) return order;
    await client.answer(order.order_id, answersOf(order, true), signal);
    return applied(order, signal);
  }
  async function applied(order: MiraklOrder, signal: AbortSignal): Promise<MiraklOrder> {
    const now = await client.order(order.order_id, signal);
    if (isAt(now, 'NEW')) throw later('it has accepted the answer and not applied it yet', 'NOT_APPLIED');
    return now;
  }
  // A request of Mirakl's is refused as a whole: the answer is of all lines that wait for one.
  const answersOf = (order: MiraklOrder, accepted: boolean) =>
    order.order_lines.flatMap((line) => (placeOf(words, line) === 'NEW' ? [{ id: line.order_line_id, accepted }] : []));

  async function cancelUnits(order: MiraklOrder, notice: ChannelNotice, reason: string, before: readonly ChannelNotice[], signal: AbortSignal) {
    const isWhole = order.order_lines.every((line) => notice.lines.some((one) => lineOf(order, one) === line && one.quantity === line.quantity));
    if (isAt(order, 'NEW') && isWhole) {
      await client.answer(order.order_id, answersOf(order, false), signal);
      await applied(order, signal);
      return;
    }
    const open = await accept(order, signal);
    const earlier = unitsTold(before, ['CANCELLATION', 'CANCELLATION_ANSWER']);
    const missing = notice.lines.flatMap((line) => {
      const stored = lineOf(open, line);
      const units = earlier(line) + line.quantity - cancelledOf(stored);
      return units > 0 ? [{ stored, units: Math.min(units, line.quantity) }] : [];
    });
    if (missing.length === 0) return;
    if (isAt(open, 'PAYING')) throw later('the buyer is not debited yet', 'NOT_DEBITED');
    const currency = open.currency_iso_code;
    const reason_code = words.cancelReasons[reason as keyof typeof words.cancelReasons] ?? words.cancelReasons.OTHER;
    await client.cancel(
      missing.map(({ stored, units }) => {
        const done = words.quantityIs === 'left' ? 0 : cancelledOf(stored);
        const share = { done: BigInt(done), now: BigInt(units), of: BigInt(stored.quantity) };
        const amount = parseMoney(stored.price_unit, currency).amountMinor * BigInt(units);
        return {
          order_line_id: stored.order_line_id,
          quantity: units,
          amount: toNumber(amount, currency),
          shipping_amount: toNumber(partOf(stored.shipping_price ?? '0', currency, share), currency),
          currency_iso_code: currency,
          reason_code,
          taxes: taxesOf(stored.taxes, currency, share),
          shipping_taxes: taxesOf(stored.shipping_taxes, currency, share),
        };
      }),
      signal,
    );
  } // biome-ignore format: one thought

  /** Its cancelled units by its own count, also while nobody has said what its quantity counts: that needs it for the bought ones only. */
  function cancelledOf(line: MiraklLine): number {
    return placeOf(words, line) === 'CANCELLED'
      ? unitsOf(words, line).cancelled
      : line.cancelations.reduce((sum, { quantity }) => sum + (quantity ?? 0), 0);
  }

  async function shipUnits(order: MiraklOrder, notice: Of<'SHIPMENT'>, before: readonly ChannelNotice[], signal: AbortSignal) {
    const open = await accept(order, signal);
    if (isAt(open, 'PAYING')) throw later('the buyer is not debited yet', 'NOT_DEBITED');
    const missing = await (words.parcels === 'shipments' ? missingUnits : missingWhole)(open, notice, before, signal);
    if (missing === null) return;
    if (notice.packages.length === 0) throw refusal('Mirakl takes no shipment without a tracking number', 'NO_TRACKING_NUMBER');
    if (words.parcels === 'order') return client.shipWhole(open.order_id, trackingOf(notice.packages[0] as NoticePackage), signal);
    const refused = await client.ship(shipmentsOf(open, notice, missing), signal);
    if (refused > 0) throw refusal('Mirakl refused the shipment', 'SHIPMENT_REFUSED');
  } // biome-ignore format: one thought

  /** Units by line that it does not count as sent; null when there are none. */
  async function missingUnits(order: MiraklOrder, notice: Of<'SHIPMENT'>, before: readonly ChannelNotice[], signal: AbortSignal) {
    const earlier = unitsTold(before, ['SHIPMENT']);
    const shipped = (await client.shipments(order.order_id, signal)).flatMap(({ shipment_lines }) => shipment_lines);
    const missing = new Map<NoticeLine, number>();
    for (const line of notice.lines) {
      const { order_line_id } = lineOf(order, line);
      const sent = shipped.reduce((sum, one) => (one.order_line_id === order_line_id ? sum + one.quantity : sum), 0);
      const units = Math.min(line.quantity, earlier(line) + line.quantity - sent);
      if (units > 0) missing.set(line, units);
    }
    return missing.size === 0 ? null : missing;
  } // biome-ignore format: one thought

  /** The order is told as sent with the parcel that completes it: what went before stays ours. */
  async function missingWhole(order: MiraklOrder, notice: Of<'SHIPMENT'>, before: readonly ChannelNotice[]) {
    if (!isAt(order, 'OPEN')) return null;
    const sent = [...before, notice].flatMap((one) => (one.kind === 'SHIPMENT' ? one.lines : []));
    const isComplete = order.order_lines.every((stored) => {
      const { bought, cancelled } = unitsOf(words, stored);
      const told = sent.reduce((sum, line) => (lineOf(order, line) === stored ? sum + line.quantity : sum), 0);
      return told >= bought - cancelled;
    });
    return isComplete ? new Map(notice.lines.map((line) => [line, line.quantity])) : null;
  } // biome-ignore format: one thought

  function shipmentsOf(order: MiraklOrder, notice: Of<'SHIPMENT'>, missing: ReadonlyMap<NoticeLine, number>): NewShipment[] {
    const parcels = parcelsByLine(notice);
    const lines = new Map<NoticePackage, { order_line_id: string; quantity: number }[]>();
    for (const [line, units] of missing)
      for (const { parcel, units: quantity } of lastUnits(parcels.get(line.lineId) ?? [], units))
        lines.set(parcel, [...(lines.get(parcel) ?? []), { order_line_id: lineOf(order, line).order_line_id, quantity }]);
    return [...lines].map(([parcel, shipment_lines]) => ({ order_id: order.order_id, shipped: true, tracking: trackingOf(parcel), shipment_lines }));
  } // biome-ignore format: one thought

  function trackingOf({ carrier, trackingNumber }: NoticePackage): MiraklTracking {
    const code = words.carriers[carrier.toUpperCase()];
    return { ...(code === undefined ? { carrier_name: carrier } : { carrier_code: code }), tracking_number: trackingNumber }; // biome-ignore format: one thought
  }

  async function refundMoney(order: MiraklOrder, notice: Of<'REFUND'>, before: readonly ChannelNotice[], signal: AbortSignal) {
    const { currencyCode } = notice;
    const refunds = notice.lines.flatMap((line) => {
      const stored = lineOf(order, line);
      const done = refundedOf(stored, currencyCode);
      const amount = refundLeft(notice, line, before, done);
      if (amount <= 0n) return [];
      const share = { done, now: amount, of: parseMoney(stored.price, currencyCode).amountMinor };
      return [{
        order_line_id: stored.order_line_id,
        quantity: line.quantity,
        amount: toNumber(amount, currencyCode),
        shipping_amount: 0,
        currency_iso_code: currencyCode,
        reason_code: words.refundReason,
        taxes: taxesOf(stored.taxes, currencyCode, share),
        shipping_taxes: [],
      }];
    });
    if (refunds.length > 0) await client.refund(refunds, signal);
  } // biome-ignore format: one thought

  return {
    takes: new Set(['ACKNOWLEDGEMENT', 'REFUSAL', 'SHIPMENT', 'CANCELLATION', 'REFUND']),
    async tell(notice, signal, before) {
      const order = await client.order(notice.channelOrderId ?? notice.orderNumber, signal);
      switch (notice.kind) {
        case 'ACKNOWLEDGEMENT':
          await accept(order, signal);
          return;
        case 'REFUSAL':
          return cancelUnits(order, notice, 'OUT_OF_STOCK', before, signal);
        case 'CANCELLATION':
          return cancelUnits(order, notice, notice.reason, before, signal);
        case 'SHIPMENT':
          return shipUnits(order, notice, before, signal);
        case 'REFUND':
          return refundMoney(order, notice, before, signal);
        case 'CANCELLATION_ANSWER':
          throw new Error('Mirakl is not told of answers');
      }
    },
  };
}

function lineOf({ order_lines }: MiraklOrder, { channelLineId, lineId }: NoticeLine): MiraklLine {
  const found = order_lines.find(({ order_line_id }) => order_line_id === (channelLineId ?? lineId));
  if (found) return found;
  throw refusal('Mirakl has no such line in the order', 'INVALID_LINE');
}

/** Which part of a whole: so many were done before, so many are now. */
interface Share {
  readonly done: bigint;
  readonly now: bigint;
  readonly of: bigint;
}

/** Pure: a part of an amount, so that the parts of all add up to it. */
function partOf(amount: string, currencyCode: string, { done, now, of }: Share): bigint {
  const { amountMinor } = parseMoney(amount, currencyCode);
  return of === 0n ? 0n : (amountMinor * (done + now)) / of - (amountMinor * done) / of;
}

function taxesOf(taxes: MiraklLine['taxes'], currencyCode: string, share: Share) {
  return taxes.map(({ code, amount }) => ({ code, amount: toNumber(partOf(amount, currencyCode, share), currencyCode) })); // biome-ignore format: one thought
}

/** Mirakl takes money as a number: a decimal of at most 15 digits is the same one when it is written again. */
const toNumber = (minor: bigint, currencyCode: string) => Number(formatAmount(money(minor, currencyCode)));

const refusal = (message: string, systemCode: string) =>
  new CommerceError('SYSTEM_REJECTED', message, { system: 'MIRAKL', systemCode });
/** It comes again by itself. */
const later = (message: string, reason: string) =>
  new CommerceError('SYSTEM_UNAVAILABLE', `Mirakl is not that far: ${message}`, { system: 'MIRAKL', reason });
