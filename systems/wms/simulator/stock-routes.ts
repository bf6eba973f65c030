import type { Knex } from 'knex';
import { z } from 'zod';
import type { Bell } from '../../kit/bell.ts';
import { feedHead, feedQuery, readFeed } from '../../kit/feed.ts';
import { Refusal } from '../../kit/refusal.ts';
import { type Route, route } from '../../kit/route.ts';
import type { MovementCode } from './ledger.ts';

interface LedgerRow {
  ledger_no: string;
  site: string;
  article_no: string;
  movement_code: MovementCode;
  quantity_delta: number;
  balance_after: number;
  document_ref: string;
  line_ref: string | null;
  booked_at: Date;
}

const snapshotQuery = z.object({
  site: z.string().optional(),
  /** Article numbers separated by commas, at most 500. */
  article: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.string()).max(500))
    .optional(),
  /** `nextPage` of the page before. */
  page: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(5_000).default(1_000),
});

/** Reading: sites, articles, stock as it is, and the ledger of how it came to be. */
export function stockRoutes(knex: Knex, stockMoved: Bell): Route[] {
  return [
    route({
      method: 'GET',
      path: '/sites',
      async handle() {
        const { rows } = await knex.raw<{ rows: unknown[] }>(
          `select code, site_type as "siteType", name, address, floor_mode as "floorMode", collect_mode as "collectMode", cancel_mode as "cancelMode"
           from wms.site order by code`,
        );
        return { body: { sites: rows } };
      },
    }),
    route({
      method: 'GET',
      path: '/articles/:articleNo',
      async handle({ params }) {
        const { rows } = await knex.raw<{ rows: unknown[] }>(
          'select article_no as "articleNo", barcode from wms.article where article_no = ?',
          [params.articleNo],
        );
        if (!rows[0]) throw new Refusal(404, 'UNKNOWN_ARTICLE', `no article ${params.articleNo}`);
        return { body: rows[0] };
      },
    }),
    route({
      method: 'GET',
      path: '/stock',
      query: snapshotQuery,
      handle: async ({ query }) => ({ body: await stockPage(knex, query) }),
    }),
    route({
      method: 'GET',
      path: '/blocked-stock',
      async handle() {
        const { rows } = await knex.raw<{ rows: unknown[] }>(
          `select site, article_no as "articleNo", reason_code as "reasonCode", quantity
           from wms.blocked_stock order by site, article_no, reason_code`,
        );
        return { body: { blocked: rows } };
      },
    }),
    route({
      method: 'GET',
      path: '/stock-ledger',
      query: feedQuery,
      feedList: 'entries',
      async handle({ query, signal }) {
        const read = () => ledgerAfter(knex, query.after, query.limit);
        const entries = await readFeed({ bell: stockMoved, waitSeconds: query.wait, signal, read });
        return { body: { entries, lastLedgerNo: await feedHead(knex, 'wms', 'stock-ledger') } };
      },
    }),
  ];
}

async function ledgerAfter(knex: Knex, after: number, limit: number) {
  const { rows } = await knex.raw<{ rows: LedgerRow[] }>(
    'select * from wms.stock_ledger where ledger_no > ? order by ledger_no limit ?',
    [after, limit],
  );
  return rows.map((row) => ({
    ledgerNo: Number(row.ledger_no),
    site: row.site,
    articleNo: row.article_no,
    movementCode: row.movement_code,
    quantityDelta: row.quantity_delta,
    balanceAfter: row.balance_after,
    documentRef: row.document_ref,
    lineRef: row.line_ref,
    bookedAt: row.booked_at,
  }));
}

/**
 * One page of positions and the number of the newest ledger row, both of the same moment: a ledger row with a higher
 * number is not contained in these quantities, one with a lower number is.
 */
async function stockPage(knex: Knex, query: z.output<typeof snapshotQuery>) {
  const after = query.page === undefined ? null : decodePage(query.page);
  const { rows } = await knex.raw<{
    rows: { site: string; article_no: string; quantity: number; last_ledger_no: string; head: string }[];
  }>(
    `select head.ledger_no as head, stock.* from (select wms.feed_head('stock-ledger') as ledger_no) as head
     left join lateral (
       select * from wms.stock
       where (cast(:site as text) is null or site = :site)
         and (cast(:articles as text[]) is null or article_no = any (:articles))
         and (cast(:afterSite as text) is null or (site, article_no) > (:afterSite, :afterArticle))
       order by site, article_no limit :limit
     ) as stock on true
     order by site, article_no`,
    {
      site: query.site ?? null,
      articles: query.article ?? null,
      afterSite: after?.[0] ?? null,
      afterArticle: after?.[1] ?? null,
      limit: query.limit,
    },
  );
  const positions = rows
    .filter((row) => row.site !== null)
    .map((row) => ({
      site: row.site,
      articleNo: row.article_no,
      quantity: row.quantity,
      lastLedgerNo: Number(row.last_ledger_no),
    }));
  const last = positions.at(-1);
  const nextPage = last && positions.length === query.limit ? encodePage([last.site, last.articleNo]) : null;
  return { positions, ledgerNo: Number(rows[0]?.head ?? 0), nextPage };
}

const encodePage = (key: [string, string]) => Buffer.from(JSON.stringify(key)).toString('base64url');

function decodePage(page: string): [string, string] {
  try {
    return z.tuple([z.string(), z.string()]).parse(JSON.parse(Buffer.from(page, 'base64url').toString('utf8')));
  } catch {
    throw new Refusal(400, 'UNKNOWN_PAGE', 'page is not a nextPage of this list');
  }
}
