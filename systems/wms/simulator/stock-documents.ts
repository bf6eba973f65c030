import type { Knex } from 'knex';
import { z } from 'zod';
import type { Bell } from '../../kit/bell.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused } from '../../kit/refusal.ts';
import { type Reply, type Route, route } from '../../kit/route.ts';
import { bookMovements, type LedgerEntry, lockStock } from './ledger.ts';
import { articleNo, pieces, reference, requireKnown, siteCode } from './master-data.ts';

const adjustment = z
  .strictObject({
    reference,
    site: siteCode,
    articleNo,
    /** Change in pieces. Either this or `countedQuantity`. */
    delta: z.int().min(-1_000_000).max(1_000_000).optional(),
    /** What was counted: the stock becomes this. */
    countedQuantity: z.int().min(0).max(1_000_000_000).optional(),
    reasonCode: z.string().trim().min(1).max(40),
    /** The last ledger row of this position that the caller has seen. Refused when the position moved since. */
    expectedLedgerNo: z.int().min(0).optional(),
  })
  .refine((a) => (a.delta === undefined) !== (a.countedQuantity === undefined), 'give delta or countedQuantity')
  .refine((a) => a.delta !== 0, 'delta must not be zero');

const receipt = z.strictObject({
  reference,
  site: siteCode,
  /** GR: goods receipt. RT: customer return. */
  kind: z.enum(['GR', 'RT']),
  lines: z
    .array(z.strictObject({ lineRef: reference, articleNo, quantity: pieces }))
    .min(1)
    .max(5_000),
});

const blockedReceipt = z.strictObject({
  reference,
  site: siteCode,
  lines: z
    .array(
      z.strictObject({
        lineRef: reference,
        articleNo,
        quantity: pieces,
        /** Why they are not for sale. */
        reasonCode: z.string().trim().min(1).max(40),
      }),
    )
    .min(1)
    .max(5_000),
});

/** Changes of stock that others order: corrections, counts, goods and returns that came in. */
export function stockDocumentRoutes(knex: Knex, stockMoved: Bell): Route[] {
  return [
    route({
      method: 'POST',
      path: '/adjustments',
      body: adjustment,
      handle: ({ body }) =>
        oncePerReference(knex, stockMoved, 'ADJUSTMENT', body, async (trx) => {
          const [entry] = await bookAdjustment(trx, body);
          return entry;
        }),
    }),
    route({
      method: 'POST',
      path: '/receipts',
      body: receipt,
      handle: ({ body }) =>
        oncePerReference(knex, stockMoved, 'RECEIPT', body, async (trx) => ({
          reference: body.reference,
          entries: await bookReceipt(trx, body),
        })),
    }),
    route({
      method: 'POST',
      path: '/blocked-receipts',
      body: blockedReceipt,
      handle: ({ body }) =>
        oncePerReference(knex, stockMoved, 'BLOCKED', body, async (trx) => {
          await bookBlocked(trx, body);
          return { reference: body.reference };
        }),
    }),
  ];
}

/** Runs the booking once per reference; a repeated request gets the stored answer. A concurrent one waits for the first. */
async function oncePerReference(
  knex: Knex,
  stockMoved: Bell,
  kind: 'ADJUSTMENT' | 'RECEIPT' | 'BLOCKED',
  body: { reference: string },
  book: (trx: Knex.Transaction) => Promise<unknown>,
): Promise<Reply> {
  const print = fingerprint(body);
  const reply = await knex.transaction(async (trx): Promise<Reply> => {
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      'insert into wms.stock_document (kind, reference, fingerprint) values (?, ?, ?) on conflict do nothing',
      [kind, body.reference, print],
    );
    if (rowCount === 0) {
      const { rows } = await trx.raw<{ rows: { fingerprint: string; answer: unknown }[] }>(
        'select fingerprint, answer from wms.stock_document where kind = ? and reference = ?',
        [kind, body.reference],
      );
      if (rows[0]?.fingerprint !== print) throw referenceReused(body.reference);
      return { body: rows[0].answer };
    }
    const answer = await book(trx);
    await trx.raw('update wms.stock_document set answer = ? where kind = ? and reference = ?', [
      JSON.stringify(answer),
      kind,
      body.reference,
    ]);
    return { status: 201, body: answer };
  });
  if (reply.status === 201) stockMoved.ring();
  return reply;
}

async function bookAdjustment(trx: Knex.Transaction, asked: z.output<typeof adjustment>): Promise<LedgerEntry[]> {
  await requireKnown(trx, asked.site, [asked.articleNo]);
  const stock = await lockStock(trx, [asked]);
  const { quantity, lastLedgerNo } = stock.at(asked.site, asked.articleNo);
  if (asked.expectedLedgerNo !== undefined && lastLedgerNo > asked.expectedLedgerNo) {
    throw new Refusal(409, 'POSITION_MOVED', 'the position moved since', { lastLedgerNo, quantity });
  }
  const quantityDelta = asked.countedQuantity === undefined ? (asked.delta ?? 0) : asked.countedQuantity - quantity;
  if (quantity + quantityDelta < 0) {
    throw new Refusal(409, 'NEGATIVE_STOCK', 'stock cannot fall below zero', { lastLedgerNo, quantity });
  }
  const movementCode = asked.countedQuantity === undefined ? 'AD' : 'IC';
  const { site, articleNo } = asked;
  return bookMovements(trx, stock, [
    { site, articleNo, movementCode, quantityDelta, documentRef: asked.reference, lineRef: null },
  ]);
}

async function bookReceipt(trx: Knex.Transaction, asked: z.output<typeof receipt>): Promise<LedgerEntry[]> {
  const { site, reference: documentRef, kind: movementCode, lines } = asked;
  await requireKnown(
    trx,
    site,
    lines.map((line) => line.articleNo),
  );
  const stock = await lockStock(
    trx,
    lines.map((line) => ({ site, articleNo: line.articleNo })),
  );
  return bookMovements(
    trx,
    stock,
    lines.map(({ articleNo, quantity, lineRef }) => ({
      site,
      articleNo,
      movementCode,
      quantityDelta: quantity,
      documentRef,
      lineRef,
    })),
  );
}

/** Counts goods that are not for sale. The rows are locked in one order, so that two receipts cannot wait for each other. */
async function bookBlocked(trx: Knex.Transaction, { site, lines }: z.output<typeof blockedReceipt>): Promise<void> {
  await requireKnown(
    trx,
    site,
    lines.map((line) => line.articleNo),
  );
  await trx.raw(
    `insert into wms.blocked_stock (site, article_no, reason_code, quantity)
     select ?, article_no, reason_code, sum(quantity)::int
     from unnest(?::text[], ?::text[], ?::int[]) as line (article_no, reason_code, quantity) group by 2, 3 order by 2, 3
     on conflict (site, article_no, reason_code) do update set quantity = blocked_stock.quantity + excluded.quantity`,
    [
      site,
      lines.map((line) => line.articleNo),
      lines.map((line) => line.reasonCode),
      lines.map((line) => line.quantity),
    ],
  );
}
