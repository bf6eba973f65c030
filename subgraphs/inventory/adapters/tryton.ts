import { sleep } from '../../../platform/clock.ts';
import { CommerceError } from '../../../platform/errors.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import { type KeptLines, LINES } from '../../../systems/tryton/kept-lines.ts';
import { moveBetween, receiveFromCustomer, type StockDocument } from '../../../systems/tryton/stock-documents.ts';
import { type LocationKind, MAX_ON_HAND } from '../model.ts';
import type { AdjustmentOutcome, RejectedRecord, StockAdjustment, StockChange, StockLevel, StockSource } from '../port.ts'; // biome-ignore format: one thought
import { type KeptBooking, type KeptLevel, LEDGER, LEVELS, toChange, trytonLedger } from './tryton-ledger.ts'; // biome-ignore format: one thought

export interface TrytonStockOptions {
  /** What the sites are: Tryton knows warehouses only. Those that are not named are warehouses. */
  readonly siteKinds?: Readonly<Record<string, LocationKind>>;
  /** Pause between two looks at Tryton, in milliseconds. Default 2000. */
  readonly lookEveryMillis?: number;
}

const LOOK_EVERY_MILLIS = 2_000;
/** How often a waiting reader looks into the journal, in milliseconds. */
const LOOK_AGAIN_MILLIS = 20;
const PAGE = 1_000;
const COMMANDS = 'stock-commands';

/**
 * Stock of Tryton: a warehouse is a site, what lies in its storage and output zones is on hand. Corrections are internal
 * shipments from and to the place of lost goods, returns are customers' return shipments; both bear our key as their reference,
 * by which a repetition finds them. The graph lets one request of a key through at a time.
 */
export function trytonStockSource(
  tryton: TrytonClient,
  journal: ObservedJournal,
  { siteKinds = {}, lookEveryMillis = LOOK_EVERY_MILLIS }: TrytonStockOptions = {},
): StockSource {
  const ledger = trytonLedger(tryton, journal);
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function lookLately(signal: AbortSignal): Promise<void> {
    if (performance.now() - lookedAt < lookEveryMillis) return;
    await ledger.look(signal);
    lookedAt = performance.now();
  }

  async function levelOf(siteCode: string, sku: string): Promise<KeptLevel | undefined> {
    return (await journal.find<KeptLevel>(LEVELS, [JSON.stringify([siteCode, sku])]))[0]?.body;
  }

  /** Bookings of a document, in their order. */
  async function bookingsOf(document: StockDocument, signal: AbortSignal): Promise<StockChange[]> {
    await ledger.look(signal);
    const keys = document.moves.flatMap((move) => [`move ${move} in`, `move ${move} out`]);
    return (await journal.find<KeptBooking>(LEDGER, keys)).map(toChange);
  }

  async function decide(adjustment: StockAdjustment, signal: AbortSignal): Promise<AdjustmentOutcome> {
    const { key, siteCode, sku, amount, seenSequence } = adjustment;
    await ledger.look(signal);
    const site = (await ledger.sites(signal)).find(({ code }) => code === siteCode);
    if (!site) return { kind: 'refused', reason: 'UNKNOWN_LOCATION' };
    const level = await levelOf(siteCode, sku);
    if (seenSequence !== null && (level?.sequence ?? 0) > seenSequence)
      return { kind: 'refused', reason: 'STALE_SEQUENCE' };
    const onHand = level?.onHand ?? 0;
    const delta = 'delta' in amount ? amount.delta : amount.counted - onHand;
    if (onHand + delta < 0) return { kind: 'refused', reason: 'NEGATIVE_STOCK' };
    if (delta === 0) {
      const measuredAt = new Date().toISOString();
      await ledger.book(`count ${key}`, { siteCode, sku, kind: 'ADJUSTMENT', delta, measuredAt, reference: key, lineRef: null, issued: 0 }); // biome-ignore format: one thought
      const [counted] = await journal.find<KeptBooking>(LEDGER, [`count ${key}`]);
      if (!counted) throw notBooked(key);
      return { kind: 'booked', change: toChange(counted) };
    }
    const document = await moveBetween(tryton, { reference: key, site, sku, delta }, { signal });
    if (document === 'unknown-product') return { kind: 'refused', reason: 'UNKNOWN_SKU' };
    if (document === 'not-enough') return { kind: 'refused', reason: 'NEGATIVE_STOCK' };
    const [change] = await bookingsOf(document, signal);
    if (!change) throw notBooked(key);
    return { kind: 'booked', change };
  }

  return {
    async sites(signal) {
      return (await ledger.sites(signal)).map(({ code, name }) => ({
        code,
        name,
        kind: siteKinds[code] ?? 'WAREHOUSE',
      }));
    },

    async changes(after, { limit, waitSeconds }, signal) {
      const deadline = Date.now() + waitSeconds * 1_000;
      for (;;) {
        await lookLately(signal);
        // Before the records: a booking between the two is no gap.
        const head = await journal.head(LEDGER);
        const records = await journal.read<KeptBooking>(LEDGER, after, limit);
        if (records.length > 0 || Date.now() >= deadline || signal.aborted) {
          const all = records.map(toChange);
          const rejected = all.filter((one) => !isCredible(one.onHand)).map(({ sequence }) => ({ sequence, problem: 'onHand' })); // biome-ignore format: one thought
          return { changes: all.filter((one) => isCredible(one.onHand)), rejected, foreign: [], head }; // biome-ignore format: one thought
        }
        await sleep(Math.min(Math.max(lookEveryMillis, LOOK_AGAIN_MILLIS), deadline - Date.now()), signal);
      }
    },

    // Purchases need modules of Tryton that are not installed: see its profile.
    async supply(signal) {
      await lookLately(signal);
      return { lots: [], rejected: [], head: await journal.head(LEDGER) };
    },

    async *snapshot(signal) {
      await ledger.look(signal);
      const head = await journal.head(LEDGER);
      for (let after = 0; ; ) {
        const page = await journal.read<KeptLevel>(LEVELS, after, PAGE);
        const levels: StockLevel[] = [];
        const rejected: RejectedRecord[] = [];
        for (const { body } of page) {
          if (isCredible(body.onHand)) levels.push({ ...body, measuredAt: new Date(body.measuredAt), incoming: null });
          else rejected.push({ sequence: body.sequence, problem: 'onHand' });
        }
        yield { levels, rejected, head };
        if (page.length < PAGE) return;
        after = page.at(-1)?.position ?? after;
      }
    },

    async adjust(adjustment, signal) {
      const print = JSON.stringify(adjustment);
      const [kept] = await journal.find<{ print: string; outcome: AdjustmentOutcome }>(COMMANDS, [adjustment.key]);
      if (kept)
        return kept.body.print === print ? revive(kept.body.outcome) : { kind: 'refused', reason: 'KEY_REUSED' };
      const outcome = await decide(adjustment, signal);
      if (outcome.kind === 'booked')
        await journal.write(COMMANDS, ({ put }) => put(COMMANDS, new Map([[adjustment.key, { print, outcome }]])));
      return outcome;
    },

    async receiveReturn({ key, siteCode, lines }, signal) {
      const print = JSON.stringify([siteCode, lines]);
      await ledger.look(signal);
      const [kept] = await journal.find<KeptLines>(LINES, [key]);
      if (kept && kept.body.print !== print) throw refused('the key was used for other goods', key);
      const site = (await ledger.sites(signal)).find(({ code }) => code === siteCode);
      if (!site) throw refused('Tryton has no such site', key);
      await journal.write(LINES, ({ put }) => put(LINES, new Map([[key, { print, lines } satisfies KeptLines]])));
      const document = await receiveFromCustomer(tryton, { reference: key, site, lines }, { signal });
      if (document === 'unknown-product') throw refused('Tryton has no product of one of the SKUs', key);
      const booked = await bookingsOf(document, signal);
      return lines.flatMap(({ lineRef }) => booked.find((change) => change.lineRef === lineRef) ?? []);
    },

    async putAside({ key }) {
      throw refused('Tryton keeps no goods apart: enter them there by hand', key);
    },
  };
}

const isCredible = (units: number) => Number.isInteger(units) && units >= 0 && units <= MAX_ON_HAND;

function revive(outcome: AdjustmentOutcome): AdjustmentOutcome {
  if (outcome.kind === 'refused') return outcome;
  return { kind: 'booked', change: { ...outcome.change, measuredAt: new Date(outcome.change.measuredAt) } };
}

function refused(message: string, key: string): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', message, { system: 'Tryton', key });
}

function notBooked(key: string): CommerceError {
  return new CommerceError('SYSTEM_BAD_RESPONSE', 'Tryton did what was asked, and shows no move of it', { system: 'Tryton', key }); // biome-ignore format: one thought
}
