import pg from 'pg';
import { sleep } from '../../platform/clock.ts';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { itemCodeOf } from '../../systems/wms/article-number.ts';

export interface Goods {
  /** SKUs of which fewer are there than will be wanted. */
  readonly hot: readonly string[];
  readonly spread: readonly string[];
  /** SKUs made of others. */
  readonly bundles: readonly string[];
  /** Units per SKU at the sites that ship, in the warehouse's own books. */
  readonly stock: Readonly<Record<string, number>>;
}

const HOT_SKUS = 4;
const SPREAD_SKUS = 60;

/** Picks goods so that `orders` wishes want more of the hot ones than there are. */
export async function chooseGoods(databaseUrl: string, orders: number): Promise<Goods> {
  const rows = await withDatabase(siblingDatabase(databaseUrl, 'commerce_wms'), async (client) => {
    const result = await client.query<{ article_no: string; units: number }>(
      `select article_no, sum(quantity)::int as units from wms.stock join wms.site on site.code = stock.site
       where site_type <> 'ST' group by 1 order by 1`,
    );
    return result.rows;
  });
  const bySku = rows.flatMap((row) => {
    const sku = itemCodeOf(row.article_no);
    return sku === null ? [] : [{ sku, units: row.units }];
  });
  // A third of the lines of two units each: about this many units of each hot SKU will be wanted.
  const wanted = Math.ceil((orders * 1.3) / HOT_SKUS);
  const scarce = bySku.filter(({ units }) => units > 0 && units < wanted / 2);
  const hot = scarce.sort((a, b) => b.units - a.units).slice(0, HOT_SKUS);
  const spread = bySku.filter(({ units }) => units >= Math.max(200, orders / 4)).slice(0, SPREAD_SKUS);
  const recipes = await recipesOf(databaseUrl);
  const parts = bySku.filter(({ sku }) => recipes.some(({ component }) => component === sku));
  if (hot.length < HOT_SKUS || spread.length === 0) throw new Error('the sample data has no fitting goods for this number of orders'); // biome-ignore format: one thought
  return {
    hot: hot.map(({ sku }) => sku),
    spread: spread.map(({ sku }) => sku),
    bundles: [...new Set(recipes.map(({ bundle }) => bundle))],
    stock: Object.fromEntries([...hot, ...spread, ...parts].map(({ sku, units }) => [sku, units])),
  };
}

/** Waits until the catalogue has told what bundles are made of. */
async function recipesOf(databaseUrl: string): Promise<{ bundle: string; component: string }[]> {
  return withDatabase(databaseUrl, async (client) => {
    for (const deadline = Date.now() + 120_000; ; await sleep(500)) {
      const { rows } = await client.query<{ bundle: string; component: string }>(
        'select bundle_sku as bundle, component_sku as component from inventory.bundle_component order by 1, 2',
      );
      if (rows.length > 0) return rows;
      if (Date.now() > deadline) throw new Error('no bundle became known');
    }
  });
}

/** Waits until every gateway sells all of the goods: catalogue and stock have been read. */
export async function untilGoodsKnown(gateways: readonly string[], skus: readonly string[]): Promise<void> {
  const query = `query ($skus: [String!]!) { productVariants(skus: $skus) { price { amount { amount } } availability { sellableQuantity } } }`;
  for (const deadline = Date.now() + 180_000; ; await sleep(500)) {
    const known = await Promise.all(gateways.map((gateway) => countKnown(gateway, query, skus)));
    if (known.every((count) => count === skus.length)) return;
    if (Date.now() > deadline) throw new Error(`only ${known.join(' and ')} of ${skus.length} SKUs can be bought`);
  }
}

async function countKnown(gateway: string, query: string, skus: readonly string[]): Promise<number> {
  let known = 0;
  for (let start = 0; start < skus.length; start += 50) {
    const response = await fetch(`${gateway}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' },
      body: JSON.stringify({ query, variables: { skus: skus.slice(start, start + 50) } }),
    });
    const { data } = (await response.json()) as {
      data?: { productVariants?: ({ price: unknown; availability: unknown } | null)[] } | null;
    };
    known += data?.productVariants?.filter((variant) => variant?.price && variant.availability).length ?? 0;
  }
  return known;
}

/** Looks, half a second apart, that must all find rest. */
const CALM = 8;

const UNREST = `
  select (select count(*) from integration.outbox)
       + (select count(*) from orders.customer_order o where status not in ('DELIVERED', 'CANCELLED', 'REJECTED', 'CLOSED')
            and not exists (select from integration.exception e where e.order_id = o.id and e.state in ('OPEN', 'RETRYING')))
       + (select count(*) from inventory.reservation where state = 'HELD')
       + (select count(*) from integration.event_consumer, integration.event_log_state where position < head) as open`;

/** Waits until every order is at its end or on the exception desk. @returns how long it took, null when it did not */
export async function untilQuiet(databaseUrl: string, millis: number): Promise<number | null> {
  const startedAt = Date.now();
  return withDatabase(databaseUrl, async (client) => {
    for (let calm = 0; Date.now() - startedAt < millis; await sleep(500)) {
      const { rows } = await client.query<{ open: string }>(UNREST);
      // Several times in a row: a step may be between two of the things that are counted, or on its way to a system.
      calm = rows[0]?.open === '0' ? calm + 1 : 0;
      if (calm === CALM) return Date.now() - startedAt;
    }
    return null;
  });
}

export async function withDatabase<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
