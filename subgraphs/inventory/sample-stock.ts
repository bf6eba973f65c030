import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { locationIdOf, saveLocations } from './locations.ts';
import type { LocationKind } from './model.ts';
import { applyLevels } from './projection.ts';

/** Sites of the samples by code, with their kind. */
export const SAMPLE_SITES = {
  EAST: 'WAREHOUSE',
  WEST: 'WAREHOUSE',
  PARTNER: 'THIRD_PARTY_LOGISTICS',
  SHOP: 'STORE',
} as const satisfies Record<string, LocationKind>;

export type SampleSite = keyof typeof SAMPLE_SITES;

export const at = (site: SampleSite): string => locationIdOf(site);

/**
 * Puts stock on the shelves, as a warehouse's snapshot would: `{ BOLT: { EAST: 10, SHOP: 2 } }`.
 * Sites that are not named have no position of the SKU.
 */
export async function stockUp(
  knex: Knex,
  stock: Readonly<Record<string, Partial<Record<SampleSite, number>>>>,
  measuredAt: Date = new Date(),
): Promise<void> {
  await saveLocations(
    knex,
    Object.entries(SAMPLE_SITES).map(([code, kind]) => ({ code, name: `Site ${code}`, kind })),
  );
  const levels = Object.entries(stock).flatMap(([sku, bySite]) =>
    Object.entries(bySite).map(([siteCode, onHand]) => ({
      siteCode,
      sku,
      onHand,
      sequence: 1,
      measuredAt,
      incoming: null,
    })),
  );
  await knex.transaction((trx) => applyLevels(trx, levels));
  await query(knex, 'delete from inventory.unannounced');
}

/** `{ KIT: { BOLT: 2, NUT: 4 } }`: a KIT is two bolts and four nuts. */
export async function bundleUp(knex: Knex, bundles: Readonly<Record<string, Readonly<Record<string, number>>>>) {
  for (const [bundle, components] of Object.entries(bundles)) {
    await query(knex, 'insert into inventory.bundle_component select ?, * from unnest(?::text[], ?::int[])', [
      bundle,
      Object.keys(components),
      Object.values(components),
    ]);
  }
}

export type Line = readonly [sku: string, quantity: number];

export interface CommitOptions {
  at?: string;
  safetyStock?: number;
  backorder?: boolean;
  reservation?: string;
  channel?: string;
}

/** Commits lines `l1`, `l2`, … of an order; rows as `[kind, line, location, quantity, available]`. */
export async function commit(knex: Knex, orderId: string, lines: readonly Line[], options: CommitOptions = {}) {
  const rows = await query<{
    kind: string;
    line_id: string | null;
    location_id: string;
    quantity: number;
    available: number;
  }>(knex, 'select * from inventory.commit_order(?, ?::text[], ?::text[], ?::int[], ?, ?, ?, ?, ?)', [
    orderId,
    lines.map((_, index) => `${orderId}.l${index + 1}`),
    lines.map(([sku]) => sku),
    lines.map(([, quantity]) => quantity),
    options.at ?? null,
    options.safetyStock ?? 0,
    options.backorder ?? false,
    options.reservation ?? null,
    options.channel ?? null,
  ]);
  return rows.map((row) => [
    row.kind,
    row.line_id?.split('.')[1] ?? null,
    row.location_id,
    row.quantity,
    row.available,
  ]);
}

/** Holds stock for a cart of the channel WEB; rows as `[kind, line number, quantity, available]`. */
export async function hold(
  knex: Knex,
  id: string,
  lines: readonly Line[],
  options: { ttl?: number; at?: string; safetyStock?: number } = {},
) {
  const rows = await query<{ kind: string; line_no: number; quantity: number; available: number }>(
    knex,
    "select * from inventory.hold(?, ?::text[], ?::int[], ?, ?, ?, 'WEB', null)",
    [
      id,
      lines.map(([sku]) => sku),
      lines.map(([, quantity]) => quantity),
      options.at ?? null,
      options.safetyStock ?? 0,
      options.ttl ?? 600,
    ],
  );
  return rows.map((row) => [row.kind, row.line_no, row.quantity, row.available]);
}

/** Moves the end of a hold into the past, as waiting would. */
export async function letExpire(knex: Knex, id: string): Promise<void> {
  await query(
    knex,
    `with header as (update inventory.reservation set expires_at = clock_timestamp() - interval '1 ms' where id = ?)
     update inventory.reservation_line set expires_at = clock_timestamp() - interval '1 ms' where reservation_id = ?`,
    [id, id],
  );
}

export async function stateOf(knex: Knex, reservationId: string): Promise<string | undefined> {
  const [row] = await query<{ state: string }>(knex, 'select state from inventory.reservation where id = ?', [
    reservationId,
  ]);
  return row?.state;
}

/** `[on hand, reserved, committed, available]` of a SKU at a location; `reserved` as the column says it. */
export async function position(knex: Knex, sku: string, locationId: string) {
  const [row] = await query<{ on_hand: number; reserved: number; committed: number; available: number }>(
    knex,
    `select p.on_hand, p.reserved::int, p.committed, s.available from inventory.position p
     join inventory.stock_at(array[?::text], null, clock_timestamp()) s using (sku, location_id) where p.location_id = ?`,
    [sku, locationId],
  );
  return row && [row.on_hand, row.reserved, row.committed, row.available];
}

/** Positions that the ledger or the reservations do not explain. */
export const differences = (knex: Knex) => query(knex, 'select * from inventory.ledger_difference');

/** Takes all stock, holds and orders away; locations stay. */
export async function emptyStock(knex: Knex): Promise<void> {
  await query(knex, 'alter table inventory.movement disable trigger movement_append_only');
  await query(
    knex,
    `truncate inventory.reservation, inventory.position, inventory.movement, inventory.unannounced,
              inventory.announcement, inventory.source_feed, inventory.work_line, inventory.reassignment,
              inventory.backorder, inventory.bundle_component, inventory.channel_rule cascade`,
  );
  await query(knex, 'alter table inventory.movement enable trigger movement_append_only');
}
