import type { Knex } from 'knex';
import { z } from 'zod';
import { groupBy } from '../../../platform/batch.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused } from '../../kit/refusal.ts';
import { articleNo, pieces, reference, requireKnown, siteCode } from './master-data.ts';

const text = z.string().trim().min(1).max(200);

export const newDelivery = z
  .strictObject({
    /** The orderer's reference: one delivery per reference. */
    externalRef: reference,
    site: siteCode,
    /** Where the parcels go. Null for collect. */
    shipTo: z
      .strictObject({
        addressee: text,
        street: text,
        street2: text.nullable().default(null),
        city: text,
        region: text.nullable().default(null),
        postcode: z.string().trim().max(20).nullable().default(null),
        /** ISO 3166-1 alpha-2. */
        country: z.string().regex(/^[A-Z]{2}$/),
      })
      .nullable()
      .default(null),
    /** Carrier service, e.g. STANDARD. */
    service: z.string().trim().min(1).max(40),
    /** True: the customer collects at the site. */
    collect: z.boolean().default(false),
    lines: z
      .array(
        z.strictObject({
          lineRef: reference,
          articleNo,
          quantity: pieces,
          /** Lines of one set leave as whole sets, or not at all. */
          setRef: reference.optional(),
          /** Pieces of this line in one set. */
          perSet: pieces.optional(),
        }),
      )
      .min(1)
      .max(5_000),
  })
  .refine((delivery) => delivery.collect || delivery.shipTo !== null, 'shipTo is missing')
  .refine(
    (delivery) => new Set(delivery.lines.map((line) => line.lineRef)).size === delivery.lines.length,
    'lineRef twice',
  )
  .refine(
    (delivery) => delivery.lines.every(({ setRef, perSet }) => (setRef === undefined) === (perSet === undefined)),
    'setRef and perSet come together',
  )
  .refine(
    (delivery) => hasEqualSets(delivery.lines),
    'the lines of a set must be as many whole sets, each article once',
  );

interface SetLine {
  readonly articleNo: string;
  readonly quantity: number;
  readonly setRef?: string | undefined;
  readonly perSet?: number | undefined;
}

function hasEqualSets(lines: readonly SetLine[]): boolean {
  const inSets = lines.filter((line) => line.setRef !== undefined);
  return [...groupBy(inSets, (line) => line.setRef).values()].every((set) => {
    const counts = set.map(({ quantity, perSet = 1 }) => quantity / perSet);
    const articles = new Set(set.map((line) => line.articleNo));
    return Number.isInteger(counts[0]) && counts.every((count) => count === counts[0]) && articles.size === set.length;
  });
}

export type NewDelivery = z.output<typeof newDelivery>;

/**
 * Takes an order for a delivery, once per external reference. One statement: orders taken at the same time share the
 * cost of their commits.
 *
 * @returns its number, and whether it is new
 * @throws Refusal UNKNOWN_SITE | UNKNOWN_ARTICLE | REFERENCE_REUSED
 */
export async function createDelivery(
  knex: Knex,
  asked: NewDelivery,
  paceMillis: number,
): Promise<{ deliveryNo: string; created: boolean }> {
  const print = fingerprint(asked);
  const { rows } = await knex.raw<{ rows: { delivery_no: string }[] }>(
    `with asked_line as (
       select * from unnest(cast(:lineRefs as text[]), cast(:articleNos as text[]), cast(:quantities as int[]),
           cast(:setRefs as text[]), cast(:perSets as int[]))
         with ordinality as line (line_ref, article_no, quantity, set_ref, per_set, line_no)
     ), taken as (
       insert into wms.delivery (external_ref, fingerprint, site, ship_to, service, collect, status, due_at)
       select :externalRef, :print, code, cast(:shipTo as jsonb), :service, :collect, 'RECEIVED',
              case floor_mode when 'AUTOMATIC' then now() + :pace * interval '1 millisecond' end
       from wms.site
       where code = :site and not exists (
         select from asked_line where not exists (select from wms.article where article.article_no = asked_line.article_no))
       on conflict (external_ref) do nothing
       returning *
     ), lines as (
       insert into wms.delivery_line (delivery_no, line_no, line_ref, article_no, quantity, set_ref, per_set)
       select delivery_no, line_no, line_ref, article_no, quantity, set_ref, per_set from taken, asked_line
     ), told as (
       insert into wms.delivery_event (delivery_no, external_ref, site, event, parcels, issued, shorts)
       select delivery_no, external_ref, site, 'RECEIVED', '[]', '[]', '[]' from taken
     )
     select delivery_no from taken`,
    {
      lineRefs: asked.lines.map((line) => line.lineRef),
      articleNos: asked.lines.map((line) => line.articleNo),
      quantities: asked.lines.map((line) => line.quantity),
      setRefs: asked.lines.map((line) => line.setRef ?? null),
      perSets: asked.lines.map((line) => line.perSet ?? null),
      externalRef: asked.externalRef,
      print,
      shipTo: JSON.stringify(asked.shipTo),
      service: asked.service,
      collect: asked.collect,
      pace: paceMillis,
      site: asked.site,
    },
  );
  if (rows[0]) return { deliveryNo: rows[0].delivery_no, created: true };
  const known = await findByReference(knex, asked.externalRef, print);
  if (known !== null) return { deliveryNo: known, created: false };
  const articleNos = asked.lines.map((line) => line.articleNo);
  await requireKnown(knex, asked.site, articleNos);
  throw new Error('delivery neither inserted, nor found, nor refused');
}

async function findByReference(knex: Knex, externalRef: string, print: string): Promise<string | null> {
  const { rows } = await knex.raw<{ rows: { delivery_no: string; fingerprint: string }[] }>(
    'select delivery_no, fingerprint from wms.delivery where external_ref = ?',
    [externalRef],
  );
  if (!rows[0]) return null;
  if (rows[0].fingerprint !== print) throw referenceReused(externalRef);
  return rows[0].delivery_no;
}

/** A refusal that names the status the delivery is in. */
export function wrongStatus(code: string, status: string, action: string): Refusal {
  return new Refusal(409, code, `a delivery that is ${status} cannot be ${action}`, { status });
}
