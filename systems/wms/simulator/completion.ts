import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import type { DeliveryStatus, LockedDelivery, NewDeliveryEvent } from './delivery.ts';
import { writeDeliveryEvents } from './delivery-store.ts';
import { bookIssue, limitToStock, openLines, splitIssue, writeIssue } from './goods-issue.ts';
import { lockStock } from './ledger.ts';
import { asTold, insertParcels, packParcels } from './parcels.ts';

/**
 * Takes the last stage of locked deliveries: goods issue with parcels, or the collection shelf. Goods leave the stock
 * in both cases. A delivery of which nothing was there, now or before, is refused.
 */
export async function completeDeliveries(
  trx: Knex.Transaction,
  deliveries: readonly LockedDelivery[],
  carrierCode: string,
): Promise<void> {
  const open = await openLines(trx, deliveries);
  const stock = await lockStock(trx, open);
  const lines = limitToStock(open, stock);
  await writeIssue(trx, lines);
  const served = await withGoodsIssued(trx, deliveries);
  const linesOf = groupBy(lines, (line) => line.deliveryNo);
  const outcomes = deliveries.map((delivery) => ({
    delivery,
    ...splitIssue(linesOf.get(delivery.deliveryNo) ?? []),
    status: outcomeOf(delivery, served.has(delivery.deliveryNo)),
  }));

  const parcels = await packParcels(
    trx,
    carrierCode,
    outcomes
      .filter((outcome) => outcome.status === 'GOODS_ISSUED')
      .map(({ delivery, issued }) => ({
        deliveryNo: delivery.deliveryNo,
        service: delivery.service,
        contents: issued,
      })),
  );
  await insertParcels(trx, parcels, carrierCode);
  await trx.raw(
    `update wms.delivery set status = done.status, reason_code = done.reason_code, due_at = null, changed_at = now()
     from jsonb_to_recordset(?) as done (delivery_no text, status text, reason_code text)
     where delivery.delivery_no = done.delivery_no`,
    [
      JSON.stringify(
        outcomes.map(({ delivery, status }) => ({
          delivery_no: delivery.deliveryNo,
          status,
          reason_code: reasonOf(status),
        })),
      ),
    ],
  );

  const parcelsOf = groupBy(parcels, (parcel) => parcel.deliveryNo);
  await writeDeliveryEvents(
    trx,
    outcomes.map(({ delivery, status, issued, shorts }): NewDeliveryEvent => {
      const { deliveryNo, externalRef, site } = delivery;
      const own = (parcelsOf.get(deliveryNo) ?? []).map(asTold);
      return {
        deliveryNo,
        externalRef,
        site,
        event: status,
        reasonCode: reasonOf(status),
        parcels: own,
        issued,
        shorts,
      };
    }),
  );
  await bookIssue(trx, stock, lines);
}

function outcomeOf(delivery: LockedDelivery, anythingIssued: boolean): DeliveryStatus {
  if (!anythingIssued) return 'REFUSED';
  return delivery.collect ? 'STAGED' : 'GOODS_ISSUED';
}

const reasonOf = (status: DeliveryStatus) => (status === 'REFUSED' ? 'NO_STOCK' : null);

/** Deliveries of which something was issued, now or by staff before. */
async function withGoodsIssued(
  trx: Knex.Transaction,
  deliveries: readonly LockedDelivery[],
): Promise<ReadonlySet<string>> {
  const { rows } = await trx.raw<{ rows: { delivery_no: string }[] }>(
    'select distinct delivery_no from wms.delivery_line where delivery_no = any (?) and issued > 0',
    [deliveries.map((delivery) => delivery.deliveryNo)],
  );
  return new Set(rows.map((row) => row.delivery_no));
}
