import { checkEvents } from '../chaos/checks/events.ts';
import { checkStock } from '../chaos/checks/stock.ts';
import { checkSystems } from '../chaos/checks/systems.ts';
import type { Finding } from '../chaos/finding.ts';
import type { ClientRecord } from '../chaos/record.ts';
import type { Diary } from './days.ts';
import type { Retailer } from './retailer.ts';

/** Counts the week in everybody's own books. Nothing here asks the graph. */
export async function checkWeek(retailer: Retailer, databaseUrl: string, diary: Diary): Promise<Finding[]> {
  const nothingScarce = { stock: {} } as ClientRecord;
  return [
    ...(await checkStock(nothingScarce, databaseUrl)).filter(({ counted }) => counted > 0),
    ...(await checkShelves(retailer, diary)),
    ...(await checkEvents(databaseUrl)),
    ...(await checkSystems(databaseUrl)),
    ...(await checkMarketplace(retailer, diary)),
    ...(await checkMoney(retailer, diary)),
    ...(await checkParcels(retailer)),
    ...(await checkDesk(retailer, diary)),
  ];
}

const finding = (what: string, counted: number, faults: readonly string[]): Finding => ({ invariant: '', what, counted, faults }); // biome-ignore format: one thought
const unlike = (what: string, seen: unknown, expected: unknown): string[] =>
  JSON.stringify(seen) === JSON.stringify(expected) ? [] : [`${what}: ${JSON.stringify(seen)}, not ${JSON.stringify(expected)}`]; // biome-ignore format: one thought

/** The shelves against the warehouse's ledger, and that against what the shop shipped and took back. */
async function checkShelves({ inStore, inSystem }: Retailer, diary: Diary): Promise<Finding[]> {
  const shelves = await inSystem<{ place: string; quantity: number; booked: number }>(
    'wms',
    `select site || ' ' || article_no as place, quantity, coalesce(booked, 0)::int as booked from wms.stock left join (
       select site, article_no, sum(quantity_delta) as booked from wms.stock_ledger group by 1, 2) ledger using (site, article_no)`,
  );
  const [ledger] = await inSystem<{ issued: number; returned: number }>('wms', `select coalesce(-sum(quantity_delta) filter (where movement_code = 'GI'), 0)::int as issued, coalesce(sum(quantity_delta) filter (where movement_code = 'RT'), 0)::int as returned from wms.stock_ledger`); // biome-ignore format: one thought
  const [shipped] = await inStore<{ units: number }>(
    'select sum(quantity)::int as units from fulfillment.shipment_line',
  );
  return [
    finding('shelves that are not the sum of what was booked', shelves.length, shelves.flatMap(({ place, quantity, booked }) => unlike(place, quantity, booked))), // biome-ignore format: one thought
    finding('units that left the shelves and were not shipped, or came back and were not booked', ledger?.issued ?? 0, [
      ...unlike('issued', ledger?.issued, shipped?.units),
      ...unlike('back', ledger?.returned, diary.returns.restocked),
    ]),
  ];
}

/** The marketplace's own books of its sales. */
async function checkMarketplace({ inStore, inSystem }: Retailer, diary: Diary): Promise<Finding[]> {
  const ours = await inStore<{ sale: string; line: string; shipped: number; cancelled: number }>(
    `select o.channel_order_id as sale, l.id as line, l.in_transit + l.delivered + l.lost as shipped, l.cancelled
     from orders.customer_order o join orders.order_line l on l.order_id = o.id where o.channel_code = 'AMAZON' order by 1, 2`,
  );
  const theirs = await inSystem<{ sale: string; line: string; shipped: number; cancelled: number; confirmed: boolean }>(
    'channel',
    `select sale_no as sale, item_ref as line, shipped, cancelled, confirmed_at is not null as confirmed
     from channel.item join channel.sale using (marketplace, sale_no) order by 1, 2`,
  );
  const theirsOf = new Map(theirs.map((item) => [`${item.sale} ${item.line}`, item]));
  const parcels = await inStore<{ ref: string; number: string }>(
    `select o.id || ':ship:' || s.id as ref, p.tracking_number as number from fulfillment.shipment s
     join fulfillment.package p on p.shipment_id = s.id join orders.customer_order o on o.id = s.order_id where o.channel_code = 'AMAZON' order by 1, 2`,
  );
  const told = await inSystem<{ ref: string; number: string }>(
    'channel',
    `select notice_ref as ref, parcel ->> 'trackingNo' as number from channel.notice, jsonb_array_elements(body -> 'parcels') parcel where kind = 'DISPATCHED' order by 1, 2`,
  );
  const decisions = await inSystem<{ ref: string; decision: string }>('channel', 'select request_ref as ref, decision from channel.void_request order by 1'); // biome-ignore format: one thought
  const expected = [...diary.decisions].map(([ref, decision]) => ({ ref, decision })).sort((a, b) => (a.ref < b.ref ? -1 : 1)); // biome-ignore format: one thought
  const untold = await inStore<{ step: string }>(`select order_id || ':' || step as step from orders.channel_notice where taken_at is null`); // biome-ignore format: one thought
  const late = await inStore<{ duty: string }>(`select order_id || ' ' || kind as duty from orders.channel_duty where done_at is null`); // biome-ignore format: one thought
  return [
    finding("sold lines that the marketplace's books have otherwise, or did not confirm", ours.length, [
      ...ours.flatMap(({ sale, line, shipped, cancelled }) => {
        const item = theirsOf.get(`${sale} ${line}`);
        return unlike(`${sale} ${line}`, item && { shipped: item.shipped, cancelled: item.cancelled }, { shipped, cancelled }); // biome-ignore format: one thought
      }),
      ...theirs
        .filter(({ confirmed, shipped }) => shipped > 0 && !confirmed)
        .map(({ sale }) => `${sale} shipped unconfirmed`),
    ]),
    finding(
      'parcels that the marketplace was not told of exactly once',
      parcels.length,
      unlike('parcels', told, parcels),
    ),
    finding('cancellations of the marketplace that were answered otherwise', decisions.length, unlike('decisions', decisions, expected)), // biome-ignore format: one thought
    finding('notices that the marketplace has not taken, duties that are not done', ours.length, [...untold.map(({ step }) => step), ...late.map(({ duty }) => duty)]), // biome-ignore format: one thought
  ];
}

/** Debit and credit, and what buyers got back: in the ERP, here, and at the marketplace. */
async function checkMoney({ inStore, inSystem }: Retailer, diary: Diary): Promise<Finding[]> {
  const [books] = await inSystem<{ documents: number; debit: string; credit: string }>('erp', `select count(distinct accounting_doc_no)::int as documents, sum(amount_minor) filter (where debit_credit = 'S')::text as debit, sum(amount_minor) filter (where debit_credit = 'H')::text as credit from erp.accounting_line`); // biome-ignore format: one thought
  const memos = await inSystem<{ number: string; gross: string; paid: string; payments: number }>('erp', `select billing_no as number, gross_minor::text as gross, paid_minor::text as paid, (select count(*)::int from erp.payment p where p.billing_no = b.billing_no) as payments from erp.billing_document b where doc_type = 'G2' order by 1`); // biome-ignore format: one thought
  const refunds = await inStore<{ number: string; gross: string; channel: string }>(`select d.number, r.amount_minor::text as gross, d.channel_code as channel from settlement.refund r join settlement.document d on d.id = r.document_id order by 1`); // biome-ignore format: one thought
  const told = await inSystem<{ amount: string }>('channel', `select (body ->> 'amount')::numeric * 100 as amount from channel.notice where kind = 'REFUNDED'`); // biome-ignore format: one thought
  const amazon = refunds.filter(({ channel }) => channel === 'AMAZON').map(({ gross }) => Number(gross));
  return [
    finding('books that do not balance', books?.documents ?? 0, unlike('debit', books?.debit, books?.credit)),
    finding('credit memos that are not one per return, paid out once', memos.length, [
      ...unlike('memos', memos.length, diary.returns.count),
      ...memos.flatMap((memo) => unlike(memo.number, [memo.payments, memo.paid], [1, memo.gross])),
    ]),
    finding('refunds that the shop or the marketplace knows otherwise', refunds.length, [
      ...unlike('refunds', refunds.map(({ number, gross }) => ({ number, gross })), memos.map(({ number, gross }) => ({ number, gross }))),
      ...unlike('told', told.map(({ amount }) => Number(amount)), amazon),
    ]), // biome-ignore format: a table
  ];
}

const RANKS: Readonly<Record<string, number>> = { LABEL_CREATED: 10, CARRIER_ACCEPTED: 20, IN_TRANSIT: 30, OUT_FOR_DELIVERY: 40, DELIVERED: 90 }; // biome-ignore format: a table

/** The carrier tells everything twice and backwards: it is kept once, and no parcel goes back. */
async function checkParcels({ inStore, inSystem }: Retailer): Promise<Finding[]> {
  const scans = await inSystem<{ id: string }>(
    'carrier',
    'select scan_no::text as id from carrier.scan order by scan_no',
  );
  const kept = await inStore<{ id: string; times: number }>(
    'select event_id as id, count(*)::int as times from fulfillment.tracking_event group by 1',
  );
  const timesOf = new Map(kept.map(({ id, times }) => [id, times]));
  const moves = await inStore<{ shipment: string; status: string }>(
    `select subject as shipment, data ->> 'status' as status from integration.event_log where type = 'shipment-status-changed.v1' order by subject, version`,
  );
  return [
    finding('scans of the carrier that were not kept exactly once', scans.length, [
      ...scans.flatMap(({ id }) => unlike(`scan ${id}`, timesOf.get(id), 1)),
      ...unlike('all', kept.length, scans.length),
    ]),
    finding('shipments that went backwards', moves.length, moves.flatMap(({ shipment, status }, index) => {
      const before = moves[index - 1];
      if (before?.shipment !== shipment) return [];
      return (RANKS[status] ?? 0) > (RANKS[before.status] ?? 0) ? [] : [`${shipment}: ${before.status} to ${status}`];
    })), // biome-ignore format: a table
  ];
}

/** What is left for people says what is wrong, and whose it is. */
async function checkDesk({ inStore }: Retailer, { left }: Diary): Promise<Finding[]> {
  const all = await inStore<{ operation: string; state: string; message: string; owner: string }>('select operation, state, message, owner from integration.exception'); // biome-ignore format: one thought
  const open = all.filter(({ state }) => state === 'OPEN' || state === 'RETRYING');
  const counts: Record<string, number> = {};
  for (const { operation } of open) counts[operation] = (counts[operation] ?? 0) + 1;
  return [
    finding('exceptions that are open and could be automated, or are missing', all.length, [
      ...unlike('open', counts, left),
      ...(JSON.stringify(counts) === JSON.stringify(left) ? [] : open.map(({ operation, message }) => `${operation}: ${message}`)), // biome-ignore format: one thought
    ]),
    finding('exceptions without an owner or words', all.length, all.filter(({ owner, message }) => owner === '' || message.length < 20).map(({ operation }) => operation)), // biome-ignore format: one thought
  ];
}
