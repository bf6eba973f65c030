import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';

/** What a parcel is known by. Carriers' names are the same in small and capital letters. */
export interface ParcelNumber {
  readonly carrier: string;
  readonly trackingNumber: string;
}

/** All numbers at once: shared by those who lock some, alone for who must see every scan. */
const ALL = "hashtextextended('fulfillment:scans-and-packages', 0)";

/**
 * Where a scan and its parcel meet. A scan looks for its parcel and a new parcel for its scans; neither sees the other
 * before it is committed. So one of both waits until the other's transaction has ended: number by number, so that who
 * reads scans and who records parcels go on beside each other.
 */
export async function meet(trx: Knex.Transaction, parcels: readonly ParcelNumber[]): Promise<void> {
  await query(trx, `select pg_advisory_xact_lock_shared(${ALL})`);
  await query(
    trx,
    `select pg_advisory_xact_lock(key) from (
       select distinct hashtextextended('fulfillment:parcel:' || upper(carrier) || ':' || number, 0) as key
       from unnest(?::text[], ?::text[]) as n(carrier, number) order by key
     ) met`,
    [parcels.map(({ carrier }) => carrier), parcels.map(({ trackingNumber }) => trackingNumber)],
  );
}

/** Keeps scans and parcels from being recorded until the transaction ends. */
export async function meetNobody(trx: Knex.Transaction): Promise<void> {
  await query(trx, `select pg_advisory_xact_lock(${ALL})`);
}
