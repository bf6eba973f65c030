import { siblingDatabase } from '../../platform/db/database-url.ts';
import { checkEvents } from '../chaos/checks/events.ts';
import { checkStock } from '../chaos/checks/stock.ts';
import { checkSystems } from '../chaos/checks/systems.ts';
import type { Finding } from '../chaos/finding.ts';
import { digest } from '../chaos/record.ts';
import { withDatabase } from '../chaos/shop.ts';
import { missing, type Point } from './points.ts';

/** Units that were kept, by the event that says so. */
const KEPT = `
  select e.id as event, sum((line ->> 'quantity')::int) filter (where line ->> 'disposition' = 'SELLABLE')::int as sellable,
         sum((line ->> 'quantity')::int) filter (where line ->> 'disposition' <> 'SELLABLE')::int as aside
  from integration.event_log e cross join jsonb_array_elements(e.data -> 'lines') line
  where e.type = 'return-received.v1' group by 1`;
const RESTOCKED = `select document_ref as ref, sum(quantity_delta)::int as units from wms.stock_ledger where movement_code = 'RT' group by 1`;
const PUT_ASIDE = `select reference as ref from wms.stock_document where kind = 'BLOCKED'`;
const BLOCKED = `select coalesce(sum(quantity), 0)::int as units from wms.blocked_stock`;
const CREDITED = `
  select b.external_ref as ref, b.gross_minor::text as gross, b.paid_minor::text as paid,
         (select count(*)::int from erp.payment p where p.billing_no = b.billing_no) as payments
  from erp.billing_document b where doc_type = 'G2'`;
const OWED = `select d.posting_key as ref, d.total_minor::text as gross from settlement.document d where d.kind = 'CREDIT_MEMO'`;

/** Counts from the outside what became of the stories: as after chaos, and what came back and was paid back. */
export async function countEffects(databaseUrl: string, points: readonly Point[]): Promise<Finding[]> {
  const rows = <Row extends object>(database: string, statement: string): Promise<Row[]> =>
    withDatabase(siblingDatabase(databaseUrl, database), async (client) => (await client.query<Row>(statement)).rows);
  const kept = await rows<{ event: string; sellable: number | null; aside: number | null }>('commerce', KEPT);
  const restocked = await rows<{ ref: string; units: number }>('commerce_wms', RESTOCKED);
  const putAside = await rows<{ ref: string }>('commerce_wms', PUT_ASIDE);
  const [blocked] = await rows<{ units: number }>('commerce_wms', BLOCKED);
  const aside = kept.reduce((sum, row) => sum + (row.aside ?? 0), 0);
  const credited = await rows<{ ref: string; gross: string; paid: string; payments: number }>('commerce_erp', CREDITED);
  const owed = await rows<{ ref: string; gross: string }>('commerce', OWED);
  return [
    { invariant: 'K', what: 'moments at which no worker was killed', counted: points.length, faults: missing(points) },
    {
      invariant: 'I4',
      what: 'returned units that the warehouse has not taken in exactly once',
      counted: kept.length,
      faults: [
        ...kept.flatMap((row) => {
          const units = restocked.filter(({ ref }) => ref.includes(row.event)).reduce((sum, one) => sum + one.units, 0);
          const documents = putAside.filter(({ ref }) => ref.includes(row.event)).length;
          const right = units === (row.sellable ?? 0) && documents === (row.aside === null ? 0 : 1);
          return right ? [] : [`${row.event}: ${units} back on the shelf, ${documents} times put aside; ${JSON.stringify(row)}`]; // biome-ignore format: one thought
        }),
        ...(blocked?.units === aside ? [] : [`${blocked?.units} units put aside, ${aside} here`]),
      ],
    },
    {
      invariant: 'I4',
      what: 'credit memos that the ERP has not posted and paid exactly once',
      counted: owed.length,
      faults: [
        ...(credited.length === owed.length ? [] : [`${credited.length} in the ERP, ${owed.length} here`]),
        ...owed.flatMap(({ ref, gross }) => {
          const there = credited.filter((row) => row.ref === ref);
          const right = there.length === 1 && there.every((row) => row.gross === gross && row.paid === gross && row.payments === 1); // biome-ignore format: one thought
          return right ? [] : [`${ref}: ${JSON.stringify(there)}, here ${gross}`];
        }),
      ],
    },
    ...(await checkSystems(databaseUrl)),
    ...(await checkStock(digest([]), databaseUrl)).filter(({ counted }) => counted > 0),
    ...(await checkEvents(databaseUrl)),
  ];
}
