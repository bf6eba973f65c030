import { sleep } from '../../../platform/clock.ts';
import { CommerceError } from '../../../platform/errors.ts';
import type {
  AdjustmentOutcome,
  ChangeKind,
  IncomingLot,
  Site,
  StockAdjustment,
  StockAudit,
  StockChange,
  StockLevel,
  StockSource,
  UnsellableStock,
} from '../port.ts';

export interface MemoryStockSeed {
  readonly sites: readonly Site[];
  /** Every SKU the warehouse knows, in stock or not. */
  readonly skus: readonly string[];
  readonly stock: readonly { readonly siteCode: string; readonly sku: string; readonly onHand: number }[];
  /** What is announced to arrive. */
  readonly incoming?: readonly {
    readonly siteCode: string;
    readonly sku: string;
    readonly units: number;
    readonly expectedAt: Date | null;
  }[];
}

/** A warehouse in this process, for tests and for a start without one. */
export interface MemoryStockSource extends StockSource, StockAudit {
  /** Announces goods, or with 0 units takes the announcement back. */
  announce(lot: IncomingLot): void;
  /** Announced goods come in. */
  receive(goods: { siteCode: string; sku: string; quantity: number; lot: string }): StockChange;
  /** Goods leave for an order, as a warehouse's floor would book it. */
  issue(goods: { siteCode: string; sku: string; quantity: number; reference: string; lineRef: string }): StockChange;
}

/** How often a waiting reader looks again, in milliseconds. */
const LOOK_AGAIN_MILLIS = 10;

/** The smallest thing that keeps every promise of {@link StockSource} and {@link StockAudit}: a ledger in memory. */
export function memoryStockSource(seed: MemoryStockSeed): MemoryStockSource {
  const ledger: StockChange[] = [];
  const balances = new Map<string, { onHand: number; sequence: number }>();
  const outcomes = new Map<string, { print: string; outcome: AdjustmentOutcome }>();
  const returns = new Map<string, { print: string; changes: StockChange[] }>();
  const aside = new Map<string, string>();
  const blocked: UnsellableStock[] = [];
  const lots = new Map<string, IncomingLot>();
  const lotKey = (siteCode: string, sku: string, lot: string) => JSON.stringify([siteCode, sku, lot]);
  const sites = new Set(seed.sites.map((site) => site.code));
  const skus = new Set(seed.skus);
  const positionKey = (siteCode: string, sku: string) => JSON.stringify([siteCode, sku]);

  function book(
    kind: ChangeKind,
    siteCode: string,
    sku: string,
    delta: number,
    reference: string,
    lineRef: string | null,
  ): StockChange {
    const onHand = (balances.get(positionKey(siteCode, sku))?.onHand ?? 0) + delta;
    const sequence = ledger.length + 1;
    const issued = kind === 'SALE' ? -delta : 0;
    const change: StockChange = {
      sequence,
      siteCode,
      sku,
      kind,
      onHand,
      measuredAt: new Date(),
      reference,
      lineRef,
      issued,
    };
    ledger.push(change);
    balances.set(positionKey(siteCode, sku), { onHand, sequence });
    return change;
  }
  for (const { siteCode, sku, onHand } of seed.stock) book('RECEIPT', siteCode, sku, onHand, 'SEED', null);

  function bookAdjustment({ key, siteCode, sku, amount, seenSequence }: StockAdjustment): AdjustmentOutcome {
    if (!sites.has(siteCode)) return { kind: 'refused', reason: 'UNKNOWN_LOCATION' };
    if (!skus.has(sku)) return { kind: 'refused', reason: 'UNKNOWN_SKU' };
    const known = balances.get(positionKey(siteCode, sku)) ?? { onHand: 0, sequence: 0 };
    if (seenSequence !== null && known.sequence > seenSequence) return { kind: 'refused', reason: 'STALE_SEQUENCE' };
    const delta = 'delta' in amount ? amount.delta : amount.counted - known.onHand;
    if (known.onHand + delta < 0) return { kind: 'refused', reason: 'NEGATIVE_STOCK' };
    return { kind: 'booked', change: book('ADJUSTMENT', siteCode, sku, delta, key, null) };
  }

  function levelOf(key: string): StockLevel {
    const [siteCode, sku] = JSON.parse(key) as [string, string];
    const { onHand, sequence } = balances.get(key) ?? { onHand: 0, sequence: 0 };
    return { siteCode, sku, onHand, sequence, measuredAt: new Date(), incoming: null };
  }

  return {
    sites: async () => seed.sites,

    async levels(cursor, limit) {
      const keys = [...balances.keys()].sort().filter((key) => key > (cursor ?? ''));
      const page = keys.slice(0, limit);
      return { levels: page.map(levelOf), next: keys.length > limit ? (page.at(-1) ?? null) : null };
    },

    async unsellable() {
      const sums = new Map<string, UnsellableStock>();
      for (const one of blocked) {
        const key = JSON.stringify([one.siteCode, one.sku, one.condition]);
        sums.set(key, { ...one, quantity: one.quantity + (sums.get(key)?.quantity ?? 0) });
      }
      return [...sums.values()];
    },
    async levelsOf(asked) {
      const wanted = new Set(asked);
      return [...balances.keys()].map(levelOf).filter(({ sku }) => wanted.has(sku));
    },

    async changes(after, { limit, waitSeconds }, signal) {
      const deadline = Date.now() + waitSeconds * 1_000;
      while (ledger.length <= after && Date.now() < deadline && !signal.aborted) await sleep(LOOK_AGAIN_MILLIS, signal);
      return { changes: ledger.slice(after, after + limit), rejected: [], foreign: [], head: ledger.length };
    },

    supply: async () => ({
      lots: [...lots.values()].filter((lot) => lot.units > 0),
      rejected: [],
      head: ledger.length,
    }),

    announce: (lot) => void lots.set(lotKey(lot.siteCode, lot.sku, lot.lot), lot),

    receive({ siteCode, sku, quantity, lot }) {
      const key = lotKey(siteCode, sku, lot);
      const announced = lots.get(key);
      if (announced) lots.set(key, { ...announced, units: Math.max(0, announced.units - quantity) });
      return book('RECEIPT', siteCode, sku, quantity, lot, null);
    },

    async *snapshot() {
      const arrivals = new Map((seed.incoming ?? []).map((entry) => [positionKey(entry.siteCode, entry.sku), entry]));
      const keys = new Set([...balances.keys(), ...arrivals.keys()]);
      const levels = [...keys].map((key): StockLevel => {
        const arrival = arrivals.get(key);
        const incoming = arrival ? { units: arrival.units, expectedAt: arrival.expectedAt } : null;
        return { ...levelOf(key), incoming };
      });
      yield { levels, rejected: [], head: ledger.length };
    },

    async adjust(adjustment) {
      const print = JSON.stringify(adjustment);
      const earlier = outcomes.get(adjustment.key);
      if (earlier) return earlier.print === print ? earlier.outcome : { kind: 'refused', reason: 'KEY_REUSED' };
      const outcome = bookAdjustment(adjustment);
      // A refusal is not remembered: nothing happened, and the next attempt may succeed.
      if (outcome.kind === 'booked') outcomes.set(adjustment.key, { print, outcome });
      return outcome;
    },

    async receiveReturn(goods) {
      const print = JSON.stringify(goods);
      const earlier = returns.get(goods.key);
      if (earlier?.print === print) return earlier.changes;
      if (earlier || !sites.has(goods.siteCode) || goods.lines.some((line) => !skus.has(line.sku))) {
        throw new CommerceError('SYSTEM_REJECTED', 'the warehouse refused the receipt');
      }
      const changes = goods.lines.map(({ sku, quantity, lineRef }) =>
        book('RETURN', goods.siteCode, sku, quantity, goods.key, lineRef),
      );
      returns.set(goods.key, { print, changes });
      return changes;
    },

    async putAside(goods) {
      const print = JSON.stringify(goods);
      const earlier = aside.get(goods.key);
      if (earlier === print) return;
      if (earlier || !sites.has(goods.siteCode) || goods.lines.some((line) => !skus.has(line.sku))) {
        throw new CommerceError('SYSTEM_REJECTED', 'the warehouse refused the receipt');
      }
      aside.set(goods.key, print);
      for (const { sku, quantity, condition } of goods.lines)
        blocked.push({ siteCode: goods.siteCode, sku, condition, quantity });
    },

    issue({ siteCode, sku, quantity, reference, lineRef }) {
      const onHand = balances.get(positionKey(siteCode, sku))?.onHand ?? 0;
      if (quantity < 1 || quantity > onHand) throw new Error(`cannot issue ${quantity} of ${onHand}`);
      return book('SALE', siteCode, sku, -quantity, reference, lineRef);
    },
  };
}
