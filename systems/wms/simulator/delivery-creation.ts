import type { Knex } from 'knex';
import { z } from 'zod';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused } from '../../kit/refusal.ts';
import { plainEvent } from './delivery.ts';
import { lockDelivery, writeDeliveryEvents } from './delivery-store.ts';
import { articleNo, pieces, reference, requireKnown, siteCode } from './master-data.ts';

const text = z.string().trim().min(1).max(200);

export const newDelivery = z
  .strictObject({
    /** The orderer's reference: one delivery per reference. */
    externalRef: reference,
    site: siteCode,
    /** Where the parcels go. Null for collect. */
    shipTo: z
      .strictObject({
        addressee: text,
        street: text,
        street2: text.nullable().default(null),
        city: text,
        region: text.nullable().default(null),
        postcode: z.string().trim().max(20).nullable().default(null),
        /** ISO 3166-1 alpha-2. */
        country: z.string().regex(/^[A-Z]{2}$/),
      })
      .nullable()
      .default(null),
    /** Carrier service, e.g. STANDARD. */
    service: z.string().trim().min(1).max(40),
    /** True: the customer collects at the site. */
    collect: z.boolean().default(false),
    lines: z
      .array(z.strictObject({ lineRef: reference, articleNo, quantity: pieces }))
      .min(1)
      .max(5_000),
  })
  .refine((delivery) => delivery.collect || delivery.shipTo !== null, 'shipTo is missing')
  .refine(
    (delivery) => new Set(delivery.lines.map((line) => line.lineRef)).size === delivery.lines.length,
    'lineRef twice',
  );

export type NewDelivery = z.output<typeof newDelivery>;

/**
 * Takes an order for a delivery, once per external reference.
 *
 * @returns its number, and whether it is new
 * @throws Refusal UNKNOWN_SITE | UNKNOWN_ARTICLE | REFERENCE_REUSED
 */
export async function createDelivery(
  trx: Knex.Transaction,
  asked: NewDelivery,
  paceMillis: number,
): Promise<{ deliveryNo: string; created: boolean }> {
  const print = fingerprint(asked);
  const known = await findByReference(trx, asked.externalRef, print);
  if (known !== null) return { deliveryNo: known, created: false };
  await requireKnown(
    trx,
    asked.site,
    asked.lines.map((line) => line.articleNo),
  );

  const { rows } = await trx.raw<{ rows: { delivery_no: string }[] }>(
    `insert into wms.delivery (external_ref, fingerprint, site, ship_to, service, collect, status, due_at)
     select ?, ?, code, ?::jsonb, ?, ?, 'RECEIVED', case floor_mode when 'AUTOMATIC' then now() + ? * interval '1 millisecond' end
     from wms.site where code = ?
     on conflict (external_ref) do nothing returning delivery_no`,
    [asked.externalRef, print, JSON.stringify(asked.shipTo), asked.service, asked.collect, paceMillis, asked.site],
  );
  const deliveryNo = rows[0]?.delivery_no;
  if (deliveryNo === undefined) {
    // Somebody else took the same order between our look and our insert, which waited for them.
    const first = await findByReference(trx, asked.externalRef, print);
    if (first === null) throw new Error('delivery neither inserted nor found');
    return { deliveryNo: first, created: false };
  }
  await trx.raw(
    `insert into wms.delivery_line (delivery_no, line_no, line_ref, article_no, quantity)
     select ?, line_no, line_ref, article_no, quantity
     from unnest(?::text[], ?::text[], ?::int[]) with ordinality as asked (line_ref, article_no, quantity, line_no)`,
    [
      deliveryNo,
      asked.lines.map((line) => line.lineRef),
      asked.lines.map((line) => line.articleNo),
      asked.lines.map((line) => line.quantity),
    ],
  );
  await writeDeliveryEvents(trx, [plainEvent(await lockDelivery(trx, deliveryNo), 'RECEIVED')]);
  return { deliveryNo, created: true };
}

async function findByReference(trx: Knex.Transaction, externalRef: string, print: string): Promise<string | null> {
  const { rows } = await trx.raw<{ rows: { delivery_no: string; fingerprint: string }[] }>(
    'select delivery_no, fingerprint from wms.delivery where external_ref = ?',
    [externalRef],
  );
  if (!rows[0]) return null;
  if (rows[0].fingerprint !== print) throw referenceReused(externalRef);
  return rows[0].delivery_no;
}

/** A refusal that names the status the delivery is in. */
export function wrongStatus(code: string, status: string, action: string): Refusal {
  return new Refusal(409, code, `a delivery that is ${status} cannot be ${action}`, { status });
}
