import type { Knex } from 'knex';
import { z } from 'zod';
import type { Bell } from '../../kit/bell.ts';
import { feedHead, feedQuery, readFeed } from '../../kit/feed.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { referenceReused, unknownRecord } from '../../kit/refusal.ts';
import { type Route, route } from '../../kit/route.ts';
import { CARRIER_CODE } from '../carrier-code.ts';
import { insertScans } from './journey.ts';

const text = z.string().trim().min(1).max(100);

const newConsignment = z.strictObject({
  trackingNo: text,
  reference: text,
  service: text,
  destinationCountry: z.string().regex(/^[A-Z]{2}$/),
});

const newReturnLabel = z.strictObject({
  key: text,
  reference: text,
  originCountry: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .nullable(),
});

/** Where goods that come back are delivered: our customer's returns department. */
const RETURNS_COUNTRY = 'GB';

/** A scan that a person reports: anything that the ordinary journey does not have, such as a failed delivery. */
const reportedScan = z.strictObject({
  /** One scan per reference. */
  reference: text,
  status: text,
  statusDetail: text.nullable().default(null),
  message: z.string().max(200).default(''),
  city: text.nullable().default(null),
  /** True: the journey ends here. */
  ends: z.boolean().default(false),
});

export function carrierRoutes(options: { knex: Knex; paceMillis: number; scanned: Bell }): Route[] {
  const { knex } = options;
  return [
    route({
      method: 'POST',
      path: '/consignments',
      body: newConsignment,
      async handle({ body }) {
        const created = await register(knex, body, options.paceMillis);
        if (created) options.scanned.ring();
        return { status: created ? 201 : 200, body: await readConsignment(knex, body.trackingNo) };
      },
    }),
    route({
      method: 'POST',
      path: '/return-labels',
      body: newReturnLabel,
      async handle({ body }) {
        const { created, label } = await knex.transaction((trx) => issueReturnLabel(trx, body, options.paceMillis));
        if (created) options.scanned.ring();
        return { status: created ? 201 : 200, body: { ...label, carrierCode: CARRIER_CODE } };
      },
    }),
    route({
      method: 'GET',
      path: '/consignments/:trackingNo',
      handle: async ({ params }) => ({ body: await readConsignment(knex, params.trackingNo) }),
    }),
    route({
      method: 'GET',
      path: '/consignments/:trackingNo/scans',
      async handle({ params }) {
        await readConsignment(knex, params.trackingNo); // refuses a number that it does not know
        return { body: { scans: await scansOf(knex, params.trackingNo) } };
      },
    }),
    route({
      method: 'POST',
      path: '/consignments/:trackingNo/scans',
      body: reportedScan,
      async handle({ params, body }) {
        const created = await knex.transaction((trx) => reportScan(trx, params.trackingNo, body));
        if (created) options.scanned.ring();
        return { status: created ? 201 : 200, body: await readConsignment(knex, params.trackingNo) };
      },
    }),
    route({
      method: 'GET',
      path: '/scans',
      query: feedQuery,
      feedList: 'scans',
      async handle({ query, signal }) {
        const read = () => scansAfter(knex, query.after, query.limit);
        const scans = await readFeed({ bell: options.scanned, waitSeconds: query.wait, signal, read });
        return { body: { scans, lastScanNo: await feedHead(knex, 'carrier', 'scans') } };
      },
    }),
  ];
}

/** @returns false when the parcel was announced before, in the same words */
async function register(knex: Knex, asked: z.output<typeof newConsignment>, paceMillis: number): Promise<boolean> {
  const print = fingerprint(asked);
  const { rowCount } = await knex.raw<{ rowCount: number }>(
    `insert into carrier.consignment (tracking_no, fingerprint, reference, service, destination_country, due_at)
     values (?, ?, ?, ?, ?, now() + ? * interval '1 millisecond') on conflict do nothing`,
    [asked.trackingNo, print, asked.reference, asked.service, asked.destinationCountry, paceMillis],
  );
  if (rowCount === 1) return true;
  const { rows } = await knex.raw<{ rows: { fingerprint: string }[] }>(
    'select fingerprint from carrier.consignment where tracking_no = ?',
    [asked.trackingNo],
  );
  if (rows[0]?.fingerprint !== print) throw referenceReused(asked.trackingNo);
  return false;
}

/** Issues a label once per key, under a number of our own. The parcel is on its way as soon as it is handed in: at once, here. */
async function issueReturnLabel(
  trx: Knex.Transaction,
  asked: z.output<typeof newReturnLabel>,
  paceMillis: number,
): Promise<{ created: boolean; label: { trackingNo: string; reference: string } }> {
  const print = fingerprint(asked);
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `insert into carrier.return_label (key, fingerprint, reference, origin_country) values (?, ?, ?, ?) on conflict do nothing`,
    [asked.key, print, asked.reference, asked.originCountry],
  );
  const { rows } = await trx.raw<{ rows: { fingerprint: string; tracking_no: string }[] }>(
    'select fingerprint, tracking_no from carrier.return_label where key = ?',
    [asked.key],
  );
  const trackingNo = rows[0]?.tracking_no ?? '';
  if (rows[0]?.fingerprint !== print) throw referenceReused(asked.key);
  const { reference } = asked;
  if (rowCount === 1)
    await register(trx, { trackingNo, reference, service: 'RETURN', destinationCountry: RETURNS_COUNTRY }, paceMillis);
  return { created: rowCount === 1, label: { trackingNo, reference } };
}

/** @returns false when a scan with this reference is known; what it says is not compared: a report is not corrected */
async function reportScan(
  trx: Knex.Transaction,
  trackingNo: string,
  asked: z.output<typeof reportedScan>,
): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: { known: boolean }[] }>(
    `select exists (select from carrier.scan where scan.tracking_no = consignment.tracking_no and reference = ?) as known
     from carrier.consignment where tracking_no = ? for update`,
    [asked.reference, trackingNo],
  );
  if (!rows[0]) throw unknownRecord('CONSIGNMENT', trackingNo);
  if (rows[0].known) return false;
  const { ends, ...scan } = asked;
  await trx.raw(
    'update carrier.consignment set status = ?, due_at = case when ? then null else due_at end where tracking_no = ?',
    [asked.status, ends, trackingNo],
  );
  await insertScans(trx, [{ ...scan, trackingNo }]);
  return true;
}

async function readConsignment(knex: Knex, trackingNo: string): Promise<unknown> {
  const { rows } = await knex.raw<{ rows: object[] }>(
    `select tracking_no as "trackingNo", reference, service, destination_country as "destinationCountry", status,
            registered_at as "registeredAt"
     from carrier.consignment where tracking_no = ?`,
    [trackingNo],
  );
  if (!rows[0]) throw unknownRecord('CONSIGNMENT', trackingNo);
  return { ...rows[0], carrierCode: CARRIER_CODE };
}

const scansAfter = (knex: Knex, after: number, limit: number) =>
  readScans(knex, 'scan_no > ? order by scan_no limit ?', [after, limit]);

const scansOf = (knex: Knex, trackingNo: string) => readScans(knex, 'tracking_no = ? order by scan_no', [trackingNo]);

async function readScans(knex: Knex, which: string, values: readonly (string | number)[]) {
  const { rows } = await knex.raw<{ rows: (Record<string, unknown> & { scanNo: string })[] }>(
    `select scan_no as "scanNo", tracking_no as "trackingNo", status, status_detail as "statusDetail", message, city,
            scanned_at as "scannedAt"
     from carrier.scan where ${which}`,
    values,
  );
  return rows.map((row) => ({ ...row, scanNo: Number(row.scanNo), carrierCode: CARRIER_CODE }));
}
