import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { migrateAll } from '../../app/databases.ts';
import { openDatabase } from '../../platform/db/database.ts';
import { startEmbeddedPostgres } from '../../platform/db/embedded/index.ts';
import { installYardstick } from './yardstick.ts';

/** Goods in the shop of the bench, each at two nodes. */
export const SKUS = 10_000;

/** The one that all buyers of a hot load want. Its key comes after all others: who locks in order holds its row the shortest. */
export const HOT = 9_999;

export interface BenchWorld {
  readonly url: string;
  readonly host: { readonly host: string; readonly port: number; readonly user: string; readonly password: string };
  readonly knex: Knex;
  readonly dataDir: string;
  /** Process id of the server. */
  readonly postmaster: number;
  stop(): Promise<void>;
}

/** A fresh embedded PostgreSQL as it is shipped (commits reach the disk), the schemas, a catalogue with stock, the yardstick. */
export async function startWorld(): Promise<BenchWorld> {
  const dataDir = mkdtempSync(join(tmpdir(), 'commerce-bench-'));
  const server = await startEmbeddedPostgres({ dataDir });
  await server.ensureDatabase('commerce');
  const url = server.url('commerce');
  await migrateAll(url);
  const knex = openDatabase(url, { poolMax: 20, applicationName: 'bench' });
  await seed(knex);
  await installYardstick(knex);
  await knex.raw('vacuum analyze');
  return {
    url,
    host: server.connection,
    knex,
    dataDir,
    postmaster: await postmasterOf(knex),
    async stop() {
      await knex.destroy();
      await server.stop();
      // Run as root, the database is elsewhere (platform/db/embedded/server-home.ts).
      const elsewhere = join(dataDir, 'postgres', 'location');
      if (existsSync(elsewhere)) rmSync(readFileSync(elsewhere, 'utf8').trim(), { recursive: true, force: true });
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function seed(knex: Knex): Promise<void> {
  await knex.raw(`
    insert into inventory.location (id, code, name, kind, shippable, priority)
    values ('bench-east', 'BENCH-EAST', 'East', 'WAREHOUSE', true, 0), ('bench-west', 'BENCH-WEST', 'West', 'WAREHOUSE', true, 1);
    insert into inventory.position (sku, location_id, id, on_hand, as_of, received_at)
    select 'BENCH-' || n, location, 'pos-' || location || n, 50000000, now(), now()
    from generate_series(1, ${SKUS}) n, unnest(array['bench-east', 'bench-west']) location;
    insert into inventory.movement (sku, location_id, kind, on_hand_delta)
    select sku, location_id, 'SNAPSHOT', on_hand from inventory.position;
    insert into product.product (id, handle, title, title_key, title_search, search, created_at)
    select 'prd-' || n, 'bench-' || n, 'Bench item ' || n, 'bench item ' || n, to_tsvector('item'), to_tsvector('item'), now() from generate_series(1, ${SKUS}) n;
    insert into product.variant (id, product_id, sku, title)
    select 'var-' || n, 'prd-' || n, 'BENCH-' || n, 'Bench item ' || n from generate_series(1, ${SKUS}) n;
    insert into product.price (source_key, variant_id, price_list, currency_code, kind, min_quantity, valid_from, amount_minor, tax_included, tax_basis_points)
    select 'bench-' || n, 'var-' || n, 'WEB', 'GBP', 'SELLING', 1, now() - interval '1 day', 100, true, 2000 from generate_series(1, ${SKUS}) n;
  `);
}

/** Which goods the next order has: three at random, or a hot one and two at random. */
export function pickSkus(hot: boolean): [number, number, number] {
  const random = () => 1 + Math.floor(Math.random() * (HOT - 1));
  const first = hot ? HOT : random();
  let second = random();
  while (second === first) second = random();
  let third = random();
  while (third === first || third === second) third = random();
  return [first, second, third];
}

/** The server's main process: every backend is its child. */
async function postmasterOf(knex: Knex): Promise<number> {
  const { rows } = await knex.raw<{ rows: { pid: number }[] }>(
    `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int as pid`,
  );
  return rows[0]?.pid ?? 0;
}
