import type { Knex } from 'knex';
import { bookMovements, lockStock } from './ledger.ts';

export interface WmsSeed {
  readonly sites: readonly {
    readonly code: string;
    /** DC: distribution centre. ST: store. TP: third party's warehouse. */
    readonly siteType: 'DC' | 'ST' | 'TP';
    readonly name: string;
    readonly address: {
      readonly street: string;
      readonly city: string;
      readonly postcode: string;
      readonly country: string;
    };
    /** Default AUTOMATIC: the floor works at its pace. MANUAL: nothing moves until staff act. */
    readonly floorMode?: 'AUTOMATIC' | 'MANUAL';
    /** Default AUTOMATIC. MANUAL: collect deliveries are packed, staff stage them. */
    readonly collectMode?: 'AUTOMATIC' | 'MANUAL';
    /** Default AUTOMATIC: what is being picked is not given back. MANUAL: staff decide, and until then it waits. */
    readonly cancelMode?: 'AUTOMATIC' | 'MANUAL';
  }[];
  readonly articles: readonly { readonly articleNo: string; readonly barcode: string | null }[];
  /** Opening stock, in pieces. */
  readonly stock: readonly { readonly site: string; readonly articleNo: string; readonly quantity: number }[];
}

/**
 * Loads master data and opening stock, set-based. May run at every start: sites and articles are brought up to date,
 * opening stock is booked only for positions that do not exist yet.
 *
 * @returns how many positions were opened
 */
export async function seedWms(knex: Knex, seed: WmsSeed): Promise<number> {
  return knex.transaction(async (trx) => {
    await trx.raw(
      `insert into wms.site (code, site_type, name, address, floor_mode, collect_mode, cancel_mode)
       select * from unnest(?::text[], ?::text[], ?::text[], ?::jsonb[], ?::text[], ?::text[], ?::text[])
       on conflict (code) do update set site_type = excluded.site_type, name = excluded.name, address = excluded.address,
         floor_mode = excluded.floor_mode, collect_mode = excluded.collect_mode, cancel_mode = excluded.cancel_mode`,
      [
        seed.sites.map((site) => site.code),
        seed.sites.map((site) => site.siteType),
        seed.sites.map((site) => site.name),
        seed.sites.map((site) => JSON.stringify(site.address)),
        seed.sites.map((site) => site.floorMode ?? 'AUTOMATIC'),
        seed.sites.map((site) => site.collectMode ?? 'AUTOMATIC'),
        seed.sites.map((site) => site.cancelMode ?? 'AUTOMATIC'),
      ],
    );
    await trx.raw(
      `insert into wms.article (article_no, barcode) select * from jsonb_to_recordset(?) as article ("articleNo" text, barcode text)
       on conflict (article_no) do update set barcode = excluded.barcode where wms.article.barcode is distinct from excluded.barcode`,
      [JSON.stringify(seed.articles)],
    );
    const { rows } = await trx.raw<{ rows: { site: string; article_no: string; quantity: number }[] }>(
      `select site, article_no, quantity
       from unnest(?::text[], ?::text[], ?::int[]) with ordinality as opening (site, article_no, quantity, place)
       where not exists (select from wms.stock where stock.site = opening.site and stock.article_no = opening.article_no)
       order by place`,
      [
        seed.stock.map((row) => row.site),
        seed.stock.map((row) => row.articleNo),
        seed.stock.map((row) => row.quantity),
      ],
    );
    const movements = rows.map((row) => ({
      site: row.site,
      articleNo: row.article_no,
      movementCode: 'GR' as const,
      quantityDelta: row.quantity,
      documentRef: 'OPENING-STOCK',
      lineRef: null,
    }));
    await bookMovements(trx, await lockStock(trx, movements), movements);
    return movements.length;
  });
}
