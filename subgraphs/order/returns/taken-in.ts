import type { Knex } from 'knex';
import { takenInUnits } from './free-units.ts';
import type { StrandedParcels } from './stranded-parcels.ts';

/**
 * Says how many units of the order's lines were taken in by now, of parcels that did not reach the buyer. The caller holds the
 * order's row lock.
 */
export async function tellTakenIn(
  trx: Knex.Transaction,
  parcels: Pick<StrandedParcels, 'takeIn'>,
  orderId: string,
): Promise<void> {
  const taken = await takenInUnits(trx, orderId);
  if (taken.size === 0) return;
  await parcels.takeIn(trx, orderId, [...taken].map(([lineId, quantity]) => ({ lineId, quantity }))); // biome-ignore format: one thought
}
