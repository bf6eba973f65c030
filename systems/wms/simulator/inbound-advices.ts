import type { Knex } from 'knex';
import { z } from 'zod';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { Refusal } from '../../kit/refusal.ts';
import { type Route, route } from '../../kit/route.ts';

const advice = z.strictObject({
  site: z.string().min(1).max(20),
  lines: z
    .array(
      z.strictObject({
        articleNo: z.string().min(1).max(60),
        /** Pieces announced. */
        quantity: z.int().min(1).max(100_000_000),
        /** Null: no date is known. */
        dueAt: z.iso.datetime().nullable(),
      }),
    )
    .max(5_000),
});

/**
 * Goods that suppliers announced. A receipt whose reference is the advice's number fulfils it; what did not come stays
 * open until the advice is changed. An advice without lines expects nothing.
 */
export function inboundAdviceRoutes(knex: Knex): Route[] {
  return [
    route({
      method: 'PUT',
      path: '/inbound-advices/:adviceNo',
      body: advice,
      async handle({ params, body }) {
        const adviceNo = z.string().min(1).max(100).parse(params.adviceNo);
        await inTransaction(knex, (trx) => putAdvice(trx, adviceNo, body));
        return { body: { adviceNo, ...body } };
      },
    }),
    route({
      method: 'GET',
      path: '/inbound-advices',
      // One statement: what is open, and the ledger number it is true at.
      async handle() {
        const { rows } = await knex.raw<{
          rows: {
            head: string;
            advice_no: string | null;
            site: string;
            article_no: string;
            open: string;
            due_at: Date | null;
          }[];
        }>(
          `select head.ledger_no as head, open.* from (select wms.feed_head('stock-ledger') as ledger_no) as head
           left join lateral (
             select advice.advice_no, advice.site, advice.article_no, advice.quantity - coalesce(sum(receipt.quantity_delta), 0) as open, advice.due_at
             from wms.inbound_advice advice
             left join wms.stock_ledger receipt on receipt.movement_code = 'GR' and receipt.document_ref = advice.advice_no
               and receipt.site = advice.site and receipt.article_no = advice.article_no
             group by advice.advice_no, advice.site, advice.article_no
             having advice.quantity > coalesce(sum(receipt.quantity_delta), 0)
           ) as open on true
           order by site, article_no, due_at, advice_no`,
        );
        const expected = rows.flatMap((row) =>
          row.advice_no === null
            ? []
            : [
                {
                  adviceNo: row.advice_no,
                  site: row.site,
                  articleNo: row.article_no,
                  openQuantity: Number(row.open),
                  dueAt: row.due_at,
                },
              ],
        );
        return { body: { expected, ledgerNo: Number(rows[0]?.head ?? 0) } };
      },
    }),
  ];
}

async function putAdvice(trx: Knex.Transaction, adviceNo: string, { site, lines }: z.output<typeof advice>) {
  await trx.raw('delete from wms.inbound_advice where advice_no = ?', [adviceNo]);
  const articles = lines.map((line) => line.articleNo);
  const { rows: unknown } = await trx.raw<{ rows: { article_no: string }[] }>(
    `select article_no from unnest(?::text[]) as named (article_no)
     where not exists (select from wms.article known where known.article_no = named.article_no)`,
    [articles],
  );
  if (unknown[0]) throw new Refusal(422, 'UNKNOWN_ARTICLE', `no article ${unknown[0].article_no}`);
  const { rows: sites } = await trx.raw<{ rows: unknown[] }>('select from wms.site where code = ?', [site]);
  if (sites.length === 0) throw new Refusal(422, 'UNKNOWN_SITE', `no site ${site}`);
  await trx.raw(
    `insert into wms.inbound_advice (advice_no, site, article_no, quantity, due_at)
     select ?, ?, "articleNo", sum(quantity), min("dueAt")
     from jsonb_to_recordset(?::jsonb) as line ("articleNo" text, quantity int, "dueAt" timestamptz) group by "articleNo"`,
    [adviceNo, site, JSON.stringify(lines)],
  );
}
