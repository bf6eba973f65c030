import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { meaningOf } from './carrier-words.ts';
import { meetNobody } from './meeting.ts';
import { movePackages } from './move-packages.ts';
import { moveReturnParcels } from './return-parcels.ts';
import { SHIPMENT_RANKS, type ShipmentStatus } from './states.ts';
import { trackingKey } from './tracking.ts';

/** What a carrier's word can mean: every state of a shipment but the one that says nothing. */
export const WORD_MEANINGS = (Object.keys(SHIPMENT_RANKS) as ShipmentStatus[]).filter((each) => each !== 'UNKNOWN');

/** As `trackingKey` makes it. */
const TRACKING_KEY = /^tracking:([^:]+):(.+)$/s;

/**
 * Gives the word of a scan that nobody understood a meaning, for all scans of its carrier that came or will come with it.
 * Those that are stored move their packages now, in the order in which they happened; a package that is further stays.
 *
 * @param key names the scan, as the exception about it does
 * @returns the word, what it meant before, and the keys of all scans that are understood now; or why nothing was changed
 */
export async function giveMeaning(
  trx: Knex.Transaction,
  key: string,
  meaning: string,
): Promise<
  | { readonly kind: 'corrected'; readonly carrier: string; readonly word: string; readonly keys: readonly string[] }
  | { readonly kind: 'refused'; readonly field: string | null; readonly message: string }
> {
  await meetNobody(trx);
  const [, scanCarrier, eventId] = TRACKING_KEY.exec(key) ?? [];
  const [scan] = await query<{ carrier: string; word: string }>(
    trx,
    `select upper(carrier) as carrier, lower(btrim(raw_status)) as word
     from fulfillment.tracking_event where carrier = ? and event_id = ?`,
    [scanCarrier ?? null, eventId ?? null],
  );
  if (!scan) return { kind: 'refused', field: null, message: 'The scan is not kept.' };
  const known = meaningOf({ carrier: scan.carrier, status: scan.word });
  if (known !== null)
    return { kind: 'refused', field: 'meaning', message: `The word means ${known} everywhere by now. Retry it.` };
  await query(
    trx,
    `insert into fulfillment.carrier_word (carrier, word, meaning) values (?, ?, ?)
     on conflict (carrier, word) do update set meaning = excluded.meaning, added_at = now()`,
    [scan.carrier, scan.word, meaning],
  );
  return { kind: 'corrected', ...scan, keys: await understand(trx, scan, meaning as ShipmentStatus) };
}

/**
 * Gives words that were added to the configuration their meaning in scans that were stored before.
 * @param resolve closes the exception of a scan, by its key
 */
export async function understandAddedWords(knex: Knex, resolve: (key: string) => Promise<void>): Promise<void> {
  const unknown = await query<{ carrier: string; word: string }>(
    knex,
    `select distinct upper(carrier) as carrier, lower(btrim(raw_status)) as word
     from fulfillment.tracking_event where status = 'UNKNOWN' order by 1, 2`,
  );
  for (const { carrier, word } of unknown) {
    const meaning = meaningOf({ carrier, status: word });
    if (meaning === null || meaning === 'UNKNOWN') continue;
    const keys = await inTransaction(knex, async (trx) => {
      await meetNobody(trx);
      return understand(trx, { carrier, word }, meaning);
    });
    for (const key of keys) await resolve(key);
  }
}

/** Moves the packages of all scans that came with the word, in the order in which they happened. @returns the scans' keys */
async function understand(
  trx: Knex.Transaction,
  { carrier, word }: { readonly carrier: string; readonly word: string },
  meaning: ShipmentStatus,
): Promise<string[]> {
  const understood = await query<{ carrier: string; eventId: string; trackingNumber: string; packageId: string | null; occurredAt: Date; shipmentId: string | null }>(
    trx,
    `update fulfillment.tracking_event t set status = ?
     where t.status = 'UNKNOWN' and upper(t.carrier) = ? and lower(btrim(t.raw_status)) = ?
     returning t.carrier, t.event_id as "eventId", t.tracking_number as "trackingNumber", t.package_id as "packageId", t.occurred_at as "occurredAt",
       (select p.shipment_id from fulfillment.package p where p.id = t.package_id) as "shipmentId"`,
    [meaning, carrier, word],
  ); // biome-ignore format: one thought
  const inOrder = understood.toSorted((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime());
  await movePackages(
    trx,
    inOrder.flatMap(({ packageId, shipmentId, occurredAt }) =>
      packageId !== null && shipmentId !== null ? [{ packageId, shipmentId, occurredAt, status: meaning }] : [],
    ),
  );
  await moveReturnParcels(
    trx,
    inOrder.filter(({ shipmentId }) => shipmentId === null).map((scan) => ({ ...scan, status: meaning })),
  );
  return understood.map((scan) => trackingKey(scan.carrier, scan.eventId));
}
