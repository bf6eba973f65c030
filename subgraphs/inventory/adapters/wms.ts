import { isCommerceError, UnreachableCaseError } from '../../../platform/errors.ts';
import { rejectionCode } from '../../../systems/client-kit/failure.ts';
import { articleNoOf, itemCodeOf } from '../../../systems/wms/article-number.ts';
import type { WmsClient } from '../../../systems/wms/client.ts';
import type { WmsLedgerEntry, WmsSite, WmsStockPage } from '../../../systems/wms/wire.ts';
import { type LocationKind, MAX_ON_HAND } from '../model.ts';
import type {
  AdjustmentRefusal,
  ChangeKind,
  IncomingLot,
  RejectedRecord,
  StockAdjustment,
  StockChange,
  StockChanges,
  StockLevel,
  StockSource,
} from '../port.ts';

/** Positions per page of a snapshot. */
const PAGE = 1_000;
/** Longest article number of the warehouse system; a longer one it cannot know. */
const MAX_ARTICLE_NO = 60;

const REASON_CODES: Readonly<Record<StockAdjustment['reason'], string>> = {
  CYCLE_COUNT: 'COUNT',
  RECEIPT: 'GOODS-IN',
  DAMAGE: 'DAMAGED',
  CORRECTION: 'CORRECTION',
};

const REFUSALS: ReadonlyMap<string, AdjustmentRefusal> = new Map([
  ['UNKNOWN_ARTICLE', 'UNKNOWN_SKU'],
  ['UNKNOWN_SITE', 'UNKNOWN_LOCATION'],
  ['NEGATIVE_STOCK', 'NEGATIVE_STOCK'],
  ['POSITION_MOVED', 'STALE_SEQUENCE'],
  ['REFERENCE_REUSED', 'KEY_REUSED'],
]);

/** Stock from the warehouse system: sites, articles and movement codes become locations, SKUs and kinds of change. */
export function wmsStockSource(wms: WmsClient): StockSource {
  return {
    async sites(signal) {
      const sites = await wms.sites({ signal });
      return sites.map((site) => ({ code: site.code, name: site.name, kind: locationKind(site.siteType) }));
    },

    changes: (after, options, signal) => readLedger(wms, after, options, signal),

    async supply(signal) {
      const { expected, ledgerNo } = await wms.inboundAdvices({ signal });
      const lots: IncomingLot[] = [];
      const rejected: RejectedRecord[] = [];
      for (const { adviceNo, site, articleNo, openQuantity: units, dueAt } of expected) {
        const sku = itemCodeOf(articleNo);
        if (sku === null) continue;
        if (isCredible(units) && units > 0) lots.push({ siteCode: site, sku, lot: adviceNo, units, expectedAt: dueAt });
        else rejected.push({ sequence: null, problem: 'openQuantity' });
      }
      return { lots, rejected, head: ledgerNo };
    },

    async *snapshot(signal) {
      let next: string | null = null;
      do {
        const measuredAt = new Date();
        const page: WmsStockPage = await wms.stock(
          { limit: PAGE, ...(next === null ? {} : { page: next }) },
          { signal },
        );
        const levels: StockLevel[] = [];
        const rejected: RejectedRecord[] = [];
        for (const position of page.positions) {
          const sku = itemCodeOf(position.articleNo);
          if (sku === null) continue;
          const { site: siteCode, quantity: onHand, lastLedgerNo: sequence } = position;
          if (isCredible(onHand)) levels.push({ siteCode, sku, onHand, sequence, measuredAt, incoming: null });
          else rejected.push({ sequence, problem: 'quantity' });
        }
        yield { levels, rejected, head: page.ledgerNo };
        next = page.nextPage;
      } while (next !== null);
    },

    async adjust({ key, siteCode, sku, reason, amount, seenSequence }, signal) {
      const articleNo = articleNoOf(sku);
      if (articleNo.length > MAX_ARTICLE_NO) return { kind: 'refused', reason: 'UNKNOWN_SKU' };
      try {
        const entry = await wms.adjust(
          {
            reference: key,
            site: siteCode,
            articleNo,
            change: 'delta' in amount ? { delta: amount.delta } : { countedQuantity: amount.counted },
            reasonCode: REASON_CODES[reason],
            ...(seenSequence === null ? {} : { expectedLedgerNo: seenSequence }),
          },
          { signal },
        );
        return { kind: 'booked', change: toChange(entry, sku) };
      } catch (error) {
        const refusal = REFUSALS.get(rejectionCode(error) ?? '');
        if (refusal === undefined) throw error;
        return { kind: 'refused', reason: refusal };
      }
    },

    async receiveReturn({ key, siteCode, lines }, signal) {
      const receipt = await wms.receive(
        {
          reference: key,
          site: siteCode,
          kind: 'RT',
          lines: lines.map(({ lineRef, sku, quantity }) => ({ lineRef, articleNo: articleNoOf(sku), quantity })),
        },
        { signal },
      );
      return receipt.entries.flatMap((entry) => {
        const sku = itemCodeOf(entry.articleNo);
        return sku === null ? [] : [toChange(entry, sku)];
      });
    },

    async putAside({ key, siteCode, lines }, signal) {
      await wms.receiveBlocked(
        {
          reference: key,
          site: siteCode,
          lines: lines.map(({ lineRef, sku, quantity, condition }) => ({
            lineRef,
            articleNo: articleNoOf(sku),
            quantity,
            reasonCode: condition,
          })),
        },
        { signal },
      );
    },
  };
}

async function readLedger(
  wms: WmsClient,
  after: number,
  { limit, waitSeconds }: { limit: number; waitSeconds: number },
  signal: AbortSignal,
): Promise<StockChanges> {
  try {
    const page = await wms.stockLedger({ after, limit, waitSeconds }, { signal });
    const changes: StockChange[] = [];
    const rejected: RejectedRecord[] = [];
    const foreign: number[] = [];
    for (const entry of page.entries) {
      const sku = itemCodeOf(entry.articleNo);
      if (sku === null) foreign.push(entry.ledgerNo);
      else if (isCredible(entry.balanceAfter)) changes.push(toChange(entry, sku));
      else rejected.push({ sequence: entry.ledgerNo, problem: 'balanceAfter' });
    }
    return { changes, rejected, foreign, head: page.lastLedgerNo };
  } catch (error) {
    const bad = unreadableEntry(error);
    if (bad === null) throw error;
    // One entry that cannot be read must not keep all later ones from us: first those before it, then it alone.
    if (bad.index > 0) return readLedger(wms, after, { limit: bad.index, waitSeconds: 0 }, signal);
    return { changes: [], rejected: [{ sequence: after + 1, problem: bad.field }], foreign: [], head: null };
  }
}

/** Which entry of a page made it unreadable, as the client's error tells; null when it was not an entry. */
function unreadableEntry(error: unknown): { index: number; field: string } | null {
  if (!isCommerceError(error) || error.code !== 'SYSTEM_BAD_RESPONSE') return null;
  const match = /^shape of entries\.(\d+)\.(\w+)/.exec(String(error.details.reason));
  return match ? { index: Number(match[1]), field: match[2] ?? '' } : null;
}

function toChange(entry: WmsLedgerEntry, sku: string): StockChange {
  const { movementCode, quantityDelta } = entry;
  return {
    sequence: entry.ledgerNo,
    siteCode: entry.site,
    sku,
    kind: changeKind(movementCode),
    onHand: entry.balanceAfter,
    measuredAt: entry.bookedAt,
    reference: entry.documentRef,
    lineRef: entry.lineRef,
    issued: movementCode === 'GI' ? Math.max(0, -quantityDelta) : 0,
  };
}

function changeKind(movementCode: WmsLedgerEntry['movementCode']): ChangeKind {
  switch (movementCode) {
    case 'GR':
      return 'RECEIPT';
    case 'GI':
      return 'SALE';
    case 'RT':
      return 'RETURN';
    case 'AD':
    case 'IC':
      return 'ADJUSTMENT';
    default:
      throw new UnreachableCaseError(movementCode);
  }
}

function locationKind(siteType: WmsSite['siteType']): LocationKind {
  switch (siteType) {
    case 'DC':
      return 'WAREHOUSE';
    case 'ST':
      return 'STORE';
    case 'TP':
      return 'THIRD_PARTY_LOGISTICS';
    default:
      throw new UnreachableCaseError(siteType);
  }
}

function isCredible(balance: number): boolean {
  return Number.isInteger(balance) && balance >= 0 && balance <= MAX_ON_HAND;
}
