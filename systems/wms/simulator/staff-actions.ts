import type { Knex } from 'knex';
import { completeDeliveries } from './completion.ts';
import { type DeliveryStatus, type LockedDelivery, plainEvent } from './delivery.ts';
import { wrongStatus } from './delivery-creation.ts';
import { writeDeliveryEvents } from './delivery-store.ts';
import { bookMovements, lockStock } from './ledger.ts';
import type { ParcelContent } from './parcels.ts';

/**
 * What people do with a delivery. Each action is idempotent: where the delivery already is, or has passed, it does
 * nothing and returns false. Where it cannot go any more it throws Refusal WRONG_STATUS or PICKING_STARTED.
 */
type StaffAction = (trx: Knex.Transaction, delivery: LockedDelivery) => Promise<boolean>;

const AFTER_ACCEPTANCE: readonly DeliveryStatus[] = [
  'ACCEPTED',
  'PICKING',
  'PACKED',
  'GOODS_ISSUED',
  'STAGED',
  'COLLECTED',
];
const WORK_IN_PROGRESS: readonly DeliveryStatus[] = ['ACCEPTED', 'PICKING', 'PACKED'];

/** The site takes the work on. The floor goes on from there, where the site lets it. */
export const acceptDelivery =
  (paceMillis: number): StaffAction =>
  async (trx, delivery) => {
    if (AFTER_ACCEPTANCE.includes(delivery.status)) return false;
    if (delivery.status !== 'RECEIVED') throw wrongStatus('WRONG_STATUS', delivery.status, 'accepted');
    await trx.raw(
      `update wms.delivery set status = 'ACCEPTED', changed_at = now(),
         due_at = case site.floor_mode when 'AUTOMATIC' then now() + ? * interval '1 millisecond' end
       from wms.site where site.code = delivery.site and delivery_no = ?`,
      [paceMillis, delivery.deliveryNo],
    );
    await writeDeliveryEvents(trx, [plainEvent(delivery, 'ACCEPTED')]);
    return true;
  };

/** The site sends the work back. Not after goods of it left. */
export const refuseDelivery =
  (reasonCode: string): StaffAction =>
  async (trx, delivery) => {
    if (delivery.status === 'REFUSED') return false;
    const refusable = delivery.status === 'RECEIVED' || WORK_IN_PROGRESS.includes(delivery.status);
    if (!refusable || (await issuedLines(trx, delivery)).length > 0)
      throw wrongStatus('WRONG_STATUS', delivery.status, 'refused');
    await end(trx, delivery, 'REFUSED', reasonCode);
    return true;
  };

/**
 * The orderer takes the order back, until picking starts. Later only where the site's staff decide such things: they are
 * asked, once, and the work stands still until they answer.
 */
export const cancelDelivery: StaffAction = async (trx, delivery) => {
  if (delivery.status === 'CANCELLED' || delivery.cancellation === 'ASKED') return false;
  if (delivery.status === 'REFUSED') throw wrongStatus('WRONG_STATUS', delivery.status, 'cancelled');
  if (delivery.status === 'RECEIVED' || delivery.status === 'ACCEPTED') {
    await end(trx, delivery, 'CANCELLED', null);
    return true;
  }
  const begun = delivery.status === 'PICKING' || delivery.status === 'PACKED';
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `update wms.delivery set cancellation = 'ASKED', due_at = null, changed_at = now() from wms.site
     where delivery_no = ? and ? and cancellation is null and site.code = delivery.site and site.cancel_mode = 'MANUAL'`,
    [delivery.deliveryNo, begun],
  );
  if (rowCount === 0) throw wrongStatus('PICKING_STARTED', delivery.status, 'cancelled');
  return true;
};

/** Staff give back what they have begun, or go on with it. */
export const answerCancellation =
  (granted: boolean, paceMillis: number): StaffAction =>
  async (trx, delivery) => {
    if (granted ? delivery.status === 'CANCELLED' : delivery.cancellation === 'DENIED') return false;
    const begun = delivery.status === 'PICKING' || delivery.status === 'PACKED';
    if (delivery.cancellation !== 'ASKED' || !begun)
      throw wrongStatus('WRONG_STATUS', delivery.status, granted ? 'given back' : 'kept');
    if (granted) {
      await end(trx, delivery, 'CANCELLED', 'WITH_CONSENT');
      return true;
    }
    await trx.raw(
      `update wms.delivery set cancellation = 'DENIED', changed_at = now(),
         due_at = case when site.floor_mode = 'AUTOMATIC' and not (collect and status = 'PACKED' and site.collect_mode = 'MANUAL')
           then now() + ? * interval '1 millisecond' end
       from wms.site where site.code = delivery.site and delivery_no = ?`,
      [paceMillis, delivery.deliveryNo],
    );
    await writeDeliveryEvents(trx, [plainEvent(delivery, 'CANCELLATION_DENIED')]);
    return true;
  };

/** The goods are on the collection shelf. They leave the stock here: nobody else can pick them. */
export const stageDelivery =
  (carrierCode: string): StaffAction =>
  async (trx, delivery) => {
    if (delivery.status === 'STAGED' || delivery.status === 'COLLECTED') return false;
    if (!delivery.collect || !WORK_IN_PROGRESS.includes(delivery.status)) {
      throw wrongStatus('WRONG_STATUS', delivery.collect ? delivery.status : 'for shipping', 'staged');
    }
    await completeDeliveries(trx, [delivery], carrierCode);
    return true;
  };

/** The customer has the goods. */
export const collectDelivery: StaffAction = async (trx, delivery) => {
  if (delivery.status === 'COLLECTED') return false;
  if (delivery.status !== 'STAGED') throw wrongStatus('WRONG_STATUS', delivery.status, 'collected');
  await trx.raw(`update wms.delivery set status = 'COLLECTED', changed_at = now() where delivery_no = ?`, [
    delivery.deliveryNo,
  ]);
  await writeDeliveryEvents(trx, [{ ...plainEvent(delivery, 'COLLECTED'), issued: await issuedLines(trx, delivery) }]);
  return true;
};

/** Nobody came: the goods go from the collection shelf back into stock, and the delivery is cancelled. */
export const unstageDelivery: StaffAction = async (trx, delivery) => {
  if (delivery.status === 'CANCELLED') return false;
  if (delivery.status !== 'STAGED') throw wrongStatus('WRONG_STATUS', delivery.status, 'put back');
  const { site, externalRef } = delivery;
  const lines = await issuedLines(trx, delivery);
  const stock = await lockStock(trx, lines.map(({ articleNo }) => ({ site, articleNo }))); // biome-ignore format: one thought
  await end(trx, delivery, 'CANCELLED', 'NOT_COLLECTED');
  await bookMovements(
    trx,
    stock,
    lines.map(({ articleNo, quantity, lineRef }) => ({
      site,
      articleNo,
      movementCode: 'RT' as const,
      quantityDelta: quantity,
      documentRef: externalRef,
      lineRef,
    })),
  );
  return true;
};

async function end(
  trx: Knex.Transaction,
  delivery: LockedDelivery,
  status: 'REFUSED' | 'CANCELLED',
  reasonCode: string | null,
) {
  await trx.raw(
    'update wms.delivery set status = ?, reason_code = ?, due_at = null, changed_at = now() where delivery_no = ?',
    [status, reasonCode, delivery.deliveryNo],
  );
  await writeDeliveryEvents(trx, [plainEvent(delivery, status, reasonCode)]);
}

async function issuedLines(trx: Knex.Transaction, delivery: LockedDelivery): Promise<ParcelContent[]> {
  const { rows } = await trx.raw<{ rows: ParcelContent[] }>(
    `select line_ref as "lineRef", article_no as "articleNo", issued as quantity
     from wms.delivery_line where delivery_no = ? and issued > 0 order by line_no`,
    [delivery.deliveryNo],
  );
  return rows;
}
