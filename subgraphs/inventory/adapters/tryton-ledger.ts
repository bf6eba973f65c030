import { CommerceError } from '../../../platform/errors.ts';
import type { JournalWriter, ObservedJournal, ObservedRecord } from '../../../platform/observed/journal.ts';
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import { type KeptLines, LINES } from '../../../systems/tryton/kept-lines.ts';
import { readDoneMoves, readMoveMark, readOnHand, readReferences, readSites, type TrytonMove, type TrytonSite } from '../../../systems/tryton/stock.ts'; // biome-ignore format: one thought
import type { ChangeKind, StockChange } from '../port.ts';

/** A booking as the journal keeps it; its number is the record's. */
export type KeptBooking = Omit<StockChange, 'sequence' | 'measuredAt'> & { readonly measuredAt: string };
/** The balance of a position, and the booking that made it. */
export interface KeptLevel {
  readonly siteCode: string;
  readonly sku: string;
  readonly onHand: number;
  readonly sequence: number;
  readonly measuredAt: string;
}

export const LEDGER = 'stock-ledger';
export const LEVELS = 'stock-levels';
const SEEN = 'stock-moves';
const MARK = 'stock-mark';

/** How far back moves are read again, in milliseconds: a transaction that ends late shows moves of an earlier moment. */
const OVERLAP_MILLIS = 600_000;
const OPENING_ATTEMPTS = 5;

export interface TrytonLedger {
  /** Books what moved in Tryton since the last look. */
  look(signal: AbortSignal): Promise<void>;
  sites(signal: AbortSignal): Promise<readonly TrytonSite[]>;
  /** Books something that Tryton has no move for. @returns whether it was booked: false when it was before */
  book(key: string, booking: Omit<KeptBooking, 'onHand'> & { readonly delta: number }): Promise<boolean>;
}

/**
 * A ledger of bookings, numbered without a hole, out of the moves of Tryton, which has none: it begins with a count of what
 * is there, and goes on with each done move, once, that takes goods to or from the shelves of a site.
 */
export function trytonLedger(tryton: TrytonClient, journal: ObservedJournal): TrytonLedger {
  let known: string | null = null;

  async function open(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; attempt <= OPENING_ATTEMPTS; attempt += 1) {
      const begun = await journal.begin(LEDGER);
      const before = await readMoveMark(tryton, { signal });
      const found: Booking[] = [];
      for (const site of await readSites(tryton, { signal })) {
        for (const [sku, units] of await readOnHand(tryton, site, { signal }))
          found.push({ key: `opening ${site.code} ${sku}`, siteCode: site.code, sku, kind: 'RECEIPT', delta: units, measuredAt: before.newest.toISOString(), reference: 'OPENING', lineRef: null, issued: 0 }); // biome-ignore format: one thought
      }
      const contained = await readDoneMoves(tryton, overlapOf(before.newest), { signal });
      const after = await readMoveMark(tryton, { signal });
      if (after.mark !== before.mark) continue; // goods moved while we counted
      await begun.settle(async (writer) => {
        await bookAll(writer, found);
        await writer.put(SEEN, new Map(contained.map((one) => [String(one.id), {}])));
        await writer.put(MARK, new Map([['moves', { newest: before.newest.toISOString() }]]));
      });
      return;
    }
    throw new CommerceError('SYSTEM_UNAVAILABLE', 'goods moved in Tryton whenever they were counted', {
      system: 'Tryton',
    });
  }

  async function follow(newest: string, signal: AbortSignal): Promise<void> {
    const begun = await journal.begin(LEDGER);
    const { mark, newest: until } = await readMoveMark(tryton, { signal });
    if (mark === known) return;
    const moves = await readDoneMoves(tryton, overlapOf(new Date(newest)), { signal });
    const sites = await readSites(tryton, { signal });
    const references = await readReferences(tryton, moves.flatMap(({ shipment }) => shipment ?? []), { signal }); // biome-ignore format: one thought
    const settled = await begun.settle(async (writer) => {
      const seen = new Set((await writer.find(SEEN, moves.map((one) => String(one.id)))).map(({ key }) => key)); // biome-ignore format: one thought
      const fresh = moves.filter((one) => !seen.has(String(one.id)));
      const lines = await writer.find<KeptLines>(LINES, [...references.values()]);
      const kept = new Map(lines.map(({ key, body }) => [key, body]));
      await bookAll(writer, inLineOrder(bookingsOf(fresh, sites, references, kept), kept));
      await writer.put(SEEN, new Map(fresh.map((one) => [String(one.id), {}])));
      await writer.put(MARK, new Map([['moves', { newest: until.toISOString() }]]));
    });
    if (settled !== null) known = mark;
  }

  return {
    async look(signal) {
      const [mark] = await journal.find<{ newest: string }>(MARK, ['moves']);
      if (mark === undefined) await open(signal);
      else await follow(mark.body.newest, signal);
    },
    sites: (signal) => readSites(tryton, { signal }),
    book: (key, booking) => journal.write(LEDGER, (writer) => bookAll(writer, [{ ...booking, key }])),
  };
}

type Booking = Omit<KeptBooking, 'onHand'> & { readonly key: string; readonly delta: number };

const overlapOf = (newest: Date) => new Date(Math.max(0, newest.getTime() - OVERLAP_MILLIS));
const positionOf = (siteCode: string, sku: string) => JSON.stringify([siteCode, sku]);

/** Writes bookings with their balances, in their order. What was booked before is left out. */
async function bookAll(writer: JournalWriter, bookings: readonly Booking[]): Promise<boolean> {
  const before = new Set((await writer.find(LEDGER, bookings.map(({ key }) => key))).map(({ key }) => key)); // biome-ignore format: one thought
  const fresh = bookings.filter(({ key }) => !before.has(key));
  const known = await writer.find<KeptLevel>(LEVELS, fresh.map((one) => positionOf(one.siteCode, one.sku))); // biome-ignore format: one thought
  const levels = new Map(known.map(({ key, body }) => [key, body]));
  const kept = new Map<string, KeptBooking>();
  const moved: KeptLevel[] = [];
  for (const { key, delta, ...booking } of fresh) {
    const { siteCode, sku, measuredAt } = booking;
    const onHand = (levels.get(positionOf(siteCode, sku))?.onHand ?? 0) + delta;
    const level = { siteCode, sku, onHand, sequence: 0, measuredAt };
    levels.set(positionOf(siteCode, sku), level);
    kept.set(key, { ...booking, onHand });
    moved.push(level);
  }
  const head = await writer.put(LEDGER, kept);
  const numbered = moved.map((level, index) => ({ ...level, sequence: head - moved.length + index + 1 }));
  await writer.put(LEVELS, new Map(numbered.map((level) => [positionOf(level.siteCode, level.sku), level])));
  return fresh.length > 0;
}

/** What moves mean for the shelves of sites. A move between places of one site's shelves means nothing. */
function bookingsOf(
  moves: readonly TrytonMove[],
  sites: readonly TrytonSite[],
  references: ReadonlyMap<string, string>,
  kept: ReadonlyMap<string, KeptLines>,
): Booking[] {
  const siteOf = (place: number) => sites.find(({ shelves }) => shelves.has(place));
  const open = new Map([...kept].map(([reference, { lines }]) => [reference, [...lines]]));
  return moves.flatMap(({ id, sku, quantity, from, fromType, to, toType, at, shipment }): Booking[] => {
    const [left, came] = [siteOf(from), siteOf(to)];
    if (sku === null || quantity === 0 || left === came) return [];
    const reference = (shipment === null ? null : references.get(shipment)) ?? `stock.move,${id}`;
    const lineRef = takeLine(open.get(reference), sku, quantity);
    const common = { sku, measuredAt: at.toISOString(), reference: kept.get(reference)?.work ?? reference, lineRef };
    const issued = toType === 'customer' ? quantity : 0;
    return [
      ...(left ? [{ ...common, key: `move ${id} out`, siteCode: left.code, kind: issued > 0 ? ('SALE' as const) : ('ADJUSTMENT' as const), delta: -quantity, issued }] : []),
      ...(came ? [{ ...common, key: `move ${id} in`, siteCode: came.code, kind: kindOfArrival(fromType, shipment), delta: quantity, issued: 0 }] : []),
    ]; // biome-ignore format: one thought
  });
}

/** Moves of one document come in any order: those whose lines we know take the order of the lines among themselves. */
function inLineOrder(bookings: readonly Booking[], kept: ReadonlyMap<string, KeptLines>): Booking[] {
  const ordered = [...bookings];
  for (const [reference, { lines }] of kept) {
    const place = new Map(lines.map(({ lineRef }, index) => [lineRef, index]));
    const placeOf = ({ lineRef }: Booking) => place.get(lineRef ?? '') ?? lines.length;
    const slots = ordered.flatMap((one, index) => (one.reference === reference ? [index] : []));
    const own = slots.flatMap((index) => ordered[index] ?? []).sort((a, b) => placeOf(a) - placeOf(b));
    own.forEach((one, index) => {
      ordered[slots[index] ?? 0] = one;
    });
  }
  return ordered;
}

function kindOfArrival(fromType: string, shipment: string | null): ChangeKind {
  if (fromType === 'customer' || shipment?.startsWith('stock.shipment.out.return,')) return 'RETURN';
  return fromType === 'lost_found' ? 'ADJUSTMENT' : 'RECEIPT';
}

/** The line of our document that a move is of: of the same article, if possible in the same number; each line once. */
function takeLine(open: KeptLines['lines'][number][] | undefined, sku: string, quantity: number): string | null {
  if (!open) return null;
  const same = open.findIndex((line) => line.sku === sku && line.quantity === quantity);
  const index = same >= 0 ? same : open.findIndex((line) => line.sku === sku);
  return index < 0 ? null : (open.splice(index, 1)[0]?.lineRef ?? null);
}

export function toChange({ position, body }: ObservedRecord<KeptBooking>): StockChange {
  return { ...body, sequence: position, measuredAt: new Date(body.measuredAt) };
}
