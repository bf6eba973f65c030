import type { Knex } from 'knex';
import { counted } from '../../../platform/counted.ts';
import { changeOrder, lockOrder } from '../change.ts';
import { claimedUnits, unitsOfKind } from '../returns/free-units.ts';
import type { LineUnits } from './cancellation-request.ts';

/**
 * Counts units as delivered that their carrier gave up, because somebody says that they reached the buyer. Units that were
 * paid back, or are in a return, stay what they are: then the buyer has both, and somebody has to settle it with them.
 * @param from what the order counts them as
 * @param which REST: of each line, those that stay nothing else; refused when there are none. ALL: refused unless it is all of them
 */
export async function countArrived(
  trx: Knex.Transaction,
  orderId: string,
  lines: readonly LineUnits[],
  from: 'LOST' | 'IN_TRANSIT',
  traceId: string,
  which: 'ALL' | 'REST' = 'ALL',
): Promise<
  { readonly kind: 'counted'; readonly units: number } | { readonly kind: 'refused'; readonly message: string }
> {
  const found = await lockOrder(trx, orderId);
  const kind = from === 'LOST' ? 'lost' : 'undelivered';
  const claimed = await claimedUnits(trx, orderId, found?.lines ?? [], kind);
  const said = lines.map(({ lineId, quantity }) => {
    const line = found?.lines.find(({ id }) => id === lineId);
    const free = line ? Math.max(0, unitsOfKind(line, kind) - (claimed.get(lineId) ?? 0)) : 0;
    return { lineId, sku: line?.sku ?? lineId, quantity, free, arrived: Math.min(quantity, free) };
  });
  const units = said.reduce((sum, { arrived }) => sum + arrived, 0);
  const short = said.find(({ quantity, free }) => quantity > free);
  if (short && (which === 'ALL' || units === 0)) {
    const advice =
      units > 0 ? 'If the rest reached the buyer, say REST.' : 'Settle it with the buyer, and dismiss this.';
    const message = `Of ${counted(short.quantity, 'unit')} of ${short.sku} only ${short.free} can be counted as delivered: the others were paid back, are in a return, or were counted before. ${advice}`;
    return { kind: 'refused', message };
  }
  await changeOrder(trx, orderId, {
    key: null,
    moves: said
      .filter(({ arrived }) => arrived > 0)
      .map(({ lineId, arrived }) => ({ lineId, quantity: arrived, move: from === 'LOST' ? 'find' : 'deliver' })),
    timeline: [
      {
        type: 'UNITS_FOUND',
        system: 'commerce',
        message: `${counted(units, 'unit')} that the carrier had given up reached the buyer, as somebody says on the exception desk`,
      },
    ],
    traceId,
  });
  return { kind: 'counted', units };
}
