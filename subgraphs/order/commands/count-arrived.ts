import type { Knex } from 'knex';
import { counted } from '../../../platform/counted.ts';
import { changeOrder, lockOrder } from '../change.ts';
import { claimedUnits, unitsOfKind } from '../returns/free-units.ts';
import type { LineUnits } from './cancellation-request.ts';

/**
 * Counts units as delivered that their carrier gave up, because somebody says that they reached the buyer. Units that were
 * paid back, or are in a return, stay what they are: then the buyer has both, and somebody has to settle it with them.
 * @param from what the order counts them as
 */
export async function countArrived(
  trx: Knex.Transaction,
  orderId: string,
  lines: readonly LineUnits[],
  from: 'LOST' | 'IN_TRANSIT',
  traceId: string,
): Promise<
  { readonly kind: 'counted'; readonly units: number } | { readonly kind: 'refused'; readonly message: string }
> {
  const found = await lockOrder(trx, orderId);
  const kind = from === 'LOST' ? 'lost' : 'undelivered';
  const claimed = await claimedUnits(trx, orderId, found?.lines ?? [], kind);
  for (const { lineId, quantity } of lines) {
    const line = found?.lines.find(({ id }) => id === lineId);
    const free = line ? unitsOfKind(line, kind) - (claimed.get(lineId) ?? 0) : 0;
    if (!line || quantity <= free) continue;
    const message = `Of ${counted(quantity, 'unit')} of ${line.sku} only ${free} can be counted as delivered: the others were paid back, are in a return, or were counted before. Settle it with the buyer, and dismiss this.`;
    return { kind: 'refused', message };
  }
  const units = lines.reduce((sum, line) => sum + line.quantity, 0);
  await changeOrder(trx, orderId, {
    key: null,
    moves: lines.map((line) => ({ ...line, move: from === 'LOST' ? ('find' as const) : ('deliver' as const) })),
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
