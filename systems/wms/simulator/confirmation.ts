import type { Knex } from 'knex';
import { z } from 'zod';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused } from '../../kit/refusal.ts';
import type { LockedDelivery } from './delivery.ts';
import { wrongStatus } from './delivery-creation.ts';
import { writeDeliveryEvents } from './delivery-store.ts';
import { bookIssue, type IssueLine, type OpenLine, openLines, splitIssue, writeIssue } from './goods-issue.ts';
import { type LockedStock, lockStock } from './ledger.ts';
import { pieces, reference } from './master-data.ts';
import { asTold, type DeliveryParcel, insertParcels, sscc, takeParcelNumbers } from './parcels.ts';

export const confirmation = z
  .strictObject({
    /** One goods issue per reference. */
    reference,
    parcels: z
      .array(
        z.strictObject({
          carrierCode: z.string().trim().min(1).max(40),
          trackingNo: z.string().trim().min(1).max(60),
          /** Given by the warehouse when left out. */
          sscc: z
            .string()
            .regex(/^\d{18,20}$/)
            .optional(),
          service: z.string().trim().min(1).max(40).optional(),
          contents: z.array(z.strictObject({ lineRef: reference, quantity: pieces })).min(1),
        }),
      )
      .min(1)
      .max(500),
    /** True: what is not in these parcels will not come; it is reported short. */
    final: z.boolean().default(false),
  })
  .refine(
    (c) => new Set(c.parcels.map((p) => `${p.carrierCode}\n${p.trackingNo}`)).size === c.parcels.length,
    'trackingNo twice',
  )
  .refine((c) => {
    const given = c.parcels.flatMap((p) => p.sscc ?? []);
    return new Set(given).size === given.length;
  }, 'sscc twice');

export type Confirmation = z.output<typeof confirmation>;

/**
 * Staff report parcels that left. Several confirmations may issue one delivery part by part.
 *
 * @returns false when this confirmation was known
 * @throws Refusal WRONG_STATUS | UNKNOWN_LINE | QUANTITY_EXCEEDS_OPEN | INSUFFICIENT_STOCK | PARCEL_KNOWN | REFERENCE_REUSED
 */
export async function confirmGoodsIssue(
  trx: Knex.Transaction,
  delivery: LockedDelivery,
  asked: Confirmation,
  announceTo: string,
): Promise<boolean> {
  const { deliveryNo, externalRef, site } = delivery;
  if (await isKnown(trx, deliveryNo, asked)) return false;
  if (delivery.collect || !['ACCEPTED', 'PICKING', 'PACKED'].includes(delivery.status)) {
    throw wrongStatus('WRONG_STATUS', delivery.collect ? 'for collect' : delivery.status, 'issued');
  }
  const open = await openLines(trx, [delivery]);
  const articleOf = new Map(open.map((line) => [line.lineRef, line.articleNo]));
  const lines = asIssueLines(open, asked);
  const stock = await lockStock(trx, lines);
  requireStock(lines, stock);
  await requireNewParcels(trx, asked);
  await writeIssue(trx, lines);

  const serials = await takeParcelNumbers(trx, asked.parcels.length);
  const parcels = asked.parcels.map(
    (parcel, index): DeliveryParcel => ({
      deliveryNo,
      carrierCode: parcel.carrierCode,
      trackingNo: parcel.trackingNo,
      sscc: parcel.sscc ?? sscc(serials[index] ?? 0),
      service: parcel.service ?? delivery.service,
      contents: parcel.contents.map((content) => ({ ...content, articleNo: articleOf.get(content.lineRef) ?? '' })),
    }),
  );
  await insertParcels(trx, parcels, announceTo);

  const openBefore = sum(open.map((line) => line.quantity));
  const complete = openBefore === sum(lines.map((line) => line.quantity + line.short));
  await trx.raw(
    complete
      ? `update wms.delivery set status = 'GOODS_ISSUED', due_at = null, changed_at = now() where delivery_no = ?`
      : `update wms.delivery set status = case status when 'ACCEPTED' then 'PICKING' else status end, changed_at = now()
         where delivery_no = ?`,
    [deliveryNo],
  );
  await writeDeliveryEvents(trx, [
    {
      deliveryNo,
      externalRef,
      site,
      event: complete ? 'GOODS_ISSUED' : 'PART_ISSUED',
      reasonCode: null,
      parcels: parcels.map(asTold),
      ...splitIssue(lines),
    },
  ]);
  await bookIssue(trx, stock, lines);
  return true;
}

async function isKnown(trx: Knex.Transaction, deliveryNo: string, asked: Confirmation): Promise<boolean> {
  const print = fingerprint(asked);
  const { rows } = await trx.raw<{ rows: { fingerprint: string }[] }>(
    'select fingerprint from wms.confirmation where delivery_no = ? and reference = ?',
    [deliveryNo, asked.reference],
  );
  if (rows[0] && rows[0].fingerprint !== print) throw referenceReused(asked.reference);
  if (rows[0]) return true;
  await trx.raw('insert into wms.confirmation (delivery_no, reference, fingerprint) values (?, ?, ?)', [
    deliveryNo,
    asked.reference,
    print,
  ]);
  return false;
}

function asIssueLines(open: readonly OpenLine[], asked: Confirmation): IssueLine[] {
  const wanted = new Map<string, number>();
  for (const { lineRef, quantity } of asked.parcels.flatMap((parcel) => parcel.contents)) {
    wanted.set(lineRef, (wanted.get(lineRef) ?? 0) + quantity);
  }
  const openOf = new Map(open.map((line) => [line.lineRef, line.quantity]));
  for (const [lineRef, quantity] of wanted) {
    const openQuantity = openOf.get(lineRef);
    if (openQuantity === undefined) throw new Refusal(409, 'UNKNOWN_LINE', `nothing is open on line ${lineRef}`);
    if (quantity > openQuantity) {
      throw new Refusal(409, 'QUANTITY_EXCEEDS_OPEN', `line ${lineRef} is open for less`, { openQuantity });
    }
  }
  return open
    .map((line) => {
      const quantity = wanted.get(line.lineRef) ?? 0;
      return { ...line, quantity, short: asked.final ? line.quantity - quantity : 0 };
    })
    .filter((line) => line.quantity + line.short > 0);
}

/** Staff hold more than the books say: the count must be put right first. */
function requireStock(lines: readonly IssueLine[], stock: LockedStock): void {
  const needed = new Map<string, number>();
  for (const line of lines) needed.set(line.articleNo, (needed.get(line.articleNo) ?? 0) + line.quantity);
  for (const { site, articleNo } of lines) {
    const { quantity } = stock.at(site, articleNo);
    if ((needed.get(articleNo) ?? 0) > quantity) {
      throw new Refusal(409, 'INSUFFICIENT_STOCK', `the books have less of ${articleNo}`, { quantity });
    }
  }
}

async function requireNewParcels(trx: Knex.Transaction, asked: Confirmation): Promise<void> {
  const { rows } = await trx.raw<{ rows: { place: number; same_sscc: boolean }[] }>(
    `select (new.place - 1)::int as place, parcel.sscc = new.sscc as same_sscc
     from unnest(?::text[], ?::text[], ?::text[]) with ordinality as new (carrier_code, tracking_no, sscc, place)
     join wms.parcel on (parcel.carrier_code, parcel.tracking_no) = (new.carrier_code, new.tracking_no) or parcel.sscc = new.sscc
     order by new.place limit 1`,
    [
      asked.parcels.map(({ carrierCode }) => carrierCode),
      asked.parcels.map(({ trackingNo }) => trackingNo),
      // None is no parcel's.
      asked.parcels.map(({ sscc }) => sscc ?? ''),
    ],
  );
  if (!rows[0]) return;
  const { place, same_sscc: sameSscc } = rows[0];
  throw new Refusal(409, 'PARCEL_KNOWN', `parcel ${place + 1} of the confirmation was reported before`, {
    fields: [`parcels.${place}.${sameSscc ? 'sscc' : 'trackingNo'}`],
  });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
