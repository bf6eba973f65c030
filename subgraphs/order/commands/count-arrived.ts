import type { Knex } from 'knex';
import { counted } from '../../../platform/counted.ts';
import { changeOrder, lockOrder } from '../change.ts';
import { freeUnits } from '../returns/free-units.ts';
import type { StrandedParcels } from '../returns/stranded-parcels.ts';
import type { LineUnits } from './cancellation-request.ts';
import { movesOf, type ToldShipment } from './count-shipment.ts';

/** A parcel that was given up, or goes back. */
export interface ArrivedParcel {
  readonly orderId: string;
  /** What was in it, and what of that nobody has said anything else of. */
  readonly lines: readonly (LineUnits & { readonly left: number })[];
  /** What the order counts it as. */
  readonly countsAs: 'LOST' | 'IN_TRANSIT';
  /** Notes which of its units reached the buyer. @returns what became of its shipment's units then */
  readonly noteArrived: (units: readonly LineUnits[]) => Promise<ToldShipment>;
}

/**
 * Counts units as delivered that their carrier gave up, because somebody says that they reached the buyer. Units that were
 * paid back, or are in a return, stay what they are: then the buyer has both, and somebody has to settle it with them.
 * A bundle of which other parts are on their way is counted with the last of them.
 * @param which REST: of each line, those that stay nothing else; refused when there are none. ALL: refused unless it is all of them
 */
export async function countArrived(
  trx: Knex.Transaction,
  parcels: Pick<StrandedParcels, 'units'>,
  { orderId, lines, countsAs, noteArrived }: ArrivedParcel,
  traceId: string,
  which: 'ALL' | 'REST' = 'ALL',
): Promise<
  { readonly kind: 'counted'; readonly units: number } | { readonly kind: 'refused'; readonly message: string }
> {
  const found = await lockOrder(trx, orderId);
  const kind = countsAs === 'LOST' ? 'lost' : 'undelivered';
  const room = await freeUnits(trx, parcels, orderId, found?.lines ?? [], kind);
  const said = lines.map(({ lineId, quantity, left }) => {
    const free = Math.min(left, Math.max(0, room.get(lineId) ?? 0));
    const sku = found?.lines.find(({ id }) => id === lineId)?.sku ?? lineId;
    return { lineId, sku, quantity, free, arrived: Math.min(quantity, free) };
  });
  const units = said.reduce((sum, { arrived }) => sum + arrived, 0);
  const short = said.find(({ quantity, free }) => quantity > free);
  if (short && (which === 'ALL' || units === 0)) {
    const advice =
      units > 0 ? 'If the rest reached the buyer, say REST.' : 'Settle it with the buyer, and dismiss this.';
    const message = `Of ${counted(short.quantity, 'unit')} of ${short.sku} only ${short.free} can be counted as delivered: the others were paid back, are in a return, or were counted before. ${advice}`;
    return { kind: 'refused', message };
  }
  const arrived = said.flatMap((line) => (line.arrived > 0 ? [{ lineId: line.lineId, quantity: line.arrived }] : []));
  const told = await noteArrived(arrived);
  await changeOrder(trx, orderId, {
    key: null,
    moves: countsAs === 'LOST' ? arrived.map((units) => ({ ...units, move: 'find' as const })) : movesOf(trx, orderId, told), // biome-ignore format: one thought
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
