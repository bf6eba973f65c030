import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import { productsOf } from '../../../systems/tryton/documents.ts';
import { confirmSale, createSale, findSales, isTaken, type NewSale, reduceLines, removeSale, type TrytonSale } from '../../../systems/tryton/sales.ts'; // biome-ignore format: one thought
import { id } from '../../../systems/tryton/wire.ts';
import type { DeskOrder, DeskRegistration, OrderDesk } from '../port.ts';

/**
 * Tryton as order desk: an order is a sale, confirmed and processed. Tryton takes the same request twice as two sales; our id is
 * the reference, which is looked for first. Where an answer was lost while Tryton was still writing, two may come of it: the first
 * stays, the others are taken away. One request of an order is under way at a time, the workflow sees to that.
 */
export function trytonOrderDesk(tryton: TrytonClient): OrderDesk {
  /** The one that stays, when there is any. */
  async function only(orderId: string, signal: AbortSignal): Promise<TrytonSale | null> {
    const [first, ...others] = await findSales(tryton, orderId, { signal });
    for (const one of others) await removeSale(tryton, one, { signal });
    return first ?? null;
  }

  return {
    takes: new Set(['CANCELLATION']),

    async find(orderId, signal) {
      const [first] = await findSales(tryton, orderId, { signal });
      // A draft has no number: its registration was broken off, and goes on when it is repeated.
      return first?.number ? toRegistration(first, first.number) : null;
    },

    async register(order, signal) {
      const known = await only(order.orderId, signal);
      if (!known) await createSale(tryton, await toSale(tryton, order, signal), { signal });
      const made = known ?? (await only(order.orderId, signal));
      if (made) await confirmSale(tryton, made, { signal });
      const [sale] = await findSales(tryton, order.orderId, { signal });
      if (!sale?.number)
        throw new CommerceError('SYSTEM_BAD_RESPONSE', 'Tryton took the order and shows no sale of it', { system: 'Tryton', orderId: order.orderId }); // biome-ignore format: one thought
      return toRegistration(sale, sale.number);
    },

    async confirmShipment({ orderId }) {
      throw refused('Tryton is not told of shipments by this adapter: see its profile', { orderId });
    },

    async noteReturn({ orderId }) {
      throw refused('Tryton is not told of returns by this adapter: see its profile', { orderId });
    },

    async cancel({ orderId, lines }, signal) {
      const [sale] = await findSales(tryton, orderId, { signal });
      if (!sale) throw refused('Tryton does not know this order', { orderId });
      const wanted = new Map<number, number>();
      for (const { lineId, left } of lines) {
        const line = sale.lines.find(({ reference }) => reference === lineId);
        if (!line) throw refused('Tryton does not know a line of this order', { orderId });
        // Only ever fewer: a notice that comes late, or twice, finds what a later one made of it.
        if (left < line.quantity) wanted.set(line.id, left);
      }
      if (wanted.size > 0) await reduceLines(tryton, sale, wanted, { signal });
    },
  };
}

async function toSale(tryton: TrytonClient, order: DeskOrder, signal: AbortSignal): Promise<NewSale> {
  const { orderId, number, channelCode, channelOrderId, currencyCode } = order;
  const code = [['code', '=', currencyCode]];
  const [currency] = await tryton.searchRead('currency.currency', code, z.object({ id }), [], { signal, limit: 1 });
  if (!currency) throw refused(`Tryton has no currency ${currencyCode}: add it there`, { orderId });
  const products = await productsOf(tryton, order.lines.map(({ sku }) => sku), { signal }); // biome-ignore format: one thought
  return {
    reference: orderId,
    description: [number, channelCode, channelOrderId].filter((part) => part !== null).join(' '),
    currency: currency.id,
    lines: order.lines.map(({ lineId, sku, quantity, unitPrice }) => {
      const product = products.get(sku);
      if (!product) throw refused(`Tryton has no product with the code ${sku}: add it there, or put it in use`, { orderId, sku }); // biome-ignore format: one thought
      return { reference: lineId, product, quantity, unitPrice };
    }),
  };
}

function toRegistration(sale: TrytonSale, deskNumber: string): DeskRegistration {
  return { deskNumber, acknowledgedAt: isTaken(sale) ? sale.createdAt : null };
}

function refused(message: string, details: Readonly<Record<string, string>>): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', message, { system: 'Tryton', ...details });
}
