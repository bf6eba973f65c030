import type { InvoiceStatus } from '../model.ts';
import type {
  DocumentRequest,
  FinanceAudit,
  FinanceSystem,
  PostedDocument,
  Posting,
  VoucherAnswer,
  VoucherRefusal,
  VoucherRequest,
} from '../port.ts';

interface Part {
  readonly account: string;
  readonly amountMinor: bigint;
}

interface MemoryDocument {
  readonly request: DocumentRequest;
  readonly number: string;
  readonly issuedAt: Date;
  status: InvoiceStatus;
}

export interface MemoryFinanceSystem extends FinanceSystem, FinanceAudit {
  /** Has a unit cost so much from now on. */
  setUnitCost(sku: string, cost: { readonly amountMinor: bigint; readonly currencyCode: string }): void;
  /** Closes a month to vouchers, or opens it again. */
  setPeriod(period: string, state: 'OPEN' | 'CLOSED'): void;
  /** What was accepted, each once, by reference. */
  readonly vouchers: ReadonlyMap<string, VoucherRequest & { readonly number: string }>;
}

/** An ERP that forgets when the process ends. Posts at once; its chart has every account of four digits. */
export function memoryFinanceSystem(now: () => Date = () => new Date()): MemoryFinanceSystem {
  const byKey = new Map<string, MemoryDocument>();
  const payments = new Set<string>();
  const changes: PostedDocument[] = [];
  const postings: Posting[] = [];
  const vouchers = new Map<string, VoucherRequest & { readonly number: string }>();
  const closed = new Set<string>();
  const unitCosts = new Map<string, { readonly amountMinor: bigint; readonly currencyCode: string }>();

  const tell = (document: MemoryDocument): PostedDocument => {
    const change = {
      number: document.number,
      status: document.status,
      issuedAt: document.issuedAt,
      sequence: changes.length + 1,
    };
    changes.push(change);
    return change;
  };
  const book = (document: MemoryDocument, description: string, debits: readonly Part[], credits: readonly Part[]) => {
    const { currencyCode } = document.request;
    postings.push({
      sequence: postings.length + 1,
      number: `A${postings.length + 1}`,
      documentNumber: document.number,
      description,
      postedAt: now(),
      lines: [
        ...debits.map((part) => ({ ...part, side: 'DEBIT' as const, currencyCode })),
        ...credits.map((part) => ({ ...part, side: 'CREDIT' as const, currencyCode })),
      ],
    });
  };

  return {
    async post(request) {
      const known = byKey.get(request.key);
      if (known) return { ...(changes.findLast((change) => change.number === known.number) ?? tell(known)), unitCosts };
      const document: MemoryDocument = { request, number: `B${byKey.size + 1}`, issuedAt: now(), status: 'POSTED' };
      byKey.set(request.key, document);
      const amountMinor = totalOf(request);
      const [receivable, revenue] = [[{ account: '1200', amountMinor }], [{ account: '8400', amountMinor }]];
      if (request.kind === 'INVOICE') book(document, `Invoice ${document.number}`, receivable, revenue);
      else book(document, `Credit memo ${document.number}`, revenue, receivable);
      return { ...tell(document), unitCosts };
    },
    async clear({ key, number, amountMinor, accounts }) {
      if (payments.has(key)) return true;
      const document = [...byKey.values()].find((candidate) => candidate.number === number);
      if (!document) return false;
      payments.add(key);
      document.status = 'PAID';
      const receivable = [{ account: '1200', amountMinor }];
      if (document.request.kind === 'INVOICE') book(document, `Payment of ${number}`, accounts, receivable);
      else book(document, `Payment of ${number}`, receivable, accounts);
      tell(document);
      return true;
    },
    async findVoucher(reference) {
      return vouchers.get(reference)?.number ?? null;
    },
    async postVoucher(voucher) {
      const known = vouchers.get(voucher.reference);
      if (known) {
        const { number, ...before } = known;
        return sameVoucher(before, voucher) ? { outcome: 'ACCEPTED', number } : refused('REFERENCE_USED');
      }
      const { lines, period } = voucher;
      if (lines.reduce((sum, line) => sum + (line.side === 'DEBIT' ? line.amountMinor : -line.amountMinor), 0n) !== 0n)
        return refused('NOT_BALANCED');
      if (lines.some((line) => !/^\d{4}$/.test(line.account))) return refused('UNKNOWN_ACCOUNT');
      if (closed.has(period)) return refused('PERIOD_CLOSED');
      const number = `V${vouchers.size + 1}`;
      vouchers.set(voucher.reference, { ...voucher, number });
      postings.push({
        sequence: postings.length + 1,
        number,
        documentNumber: null,
        description: voucher.description,
        postedAt: now(),
        lines: lines.map((line) => ({ ...line, currencyCode: voucher.currencyCode })),
      });
      return { outcome: 'ACCEPTED', number };
    },
    setUnitCost(sku, cost) {
      unitCosts.set(sku, cost);
    },
    setPeriod(period, state) {
      if (state === 'CLOSED') closed.add(period);
      else closed.delete(period);
    },
    vouchers,
    async documents(cursor, limit) {
      // As of its last change: one that changes meanwhile comes again.
      const newest = new Map(changes.map((change) => [change.number, change]));
      const later = [...newest.values()].sort((a, b) => a.sequence - b.sequence).filter(({ sequence }) => sequence > Number(cursor ?? 0)); // biome-ignore format: one thought
      const page = later.slice(0, limit);
      const requests = new Map([...byKey.values()].map(({ number, request }) => [number, request]));
      return {
        documents: page.flatMap((change) => {
          const request = requests.get(change.number);
          return request ? [{ ...change, totalMinor: totalOf(request), currencyCode: request.currencyCode }] : [];
        }),
        next: later.length > limit ? String(page.at(-1)?.sequence) : null,
      };
    },
    async postedVouchers(cursor, limit) {
      const later = postings.filter(({ sequence }) => sequence > Number(cursor ?? 0));
      return {
        vouchers: later.slice(0, limit).filter(({ documentNumber }) => documentNumber === null),
        next: later.length > limit ? String(later[limit - 1]?.sequence) : null,
      };
    },
    has: async (key) => byKey.has(key),
    async documentChanges(after) {
      return { entries: changes.filter((change) => change.sequence > after), next: Math.max(after, changes.length) };
    },
    async postings(after) {
      return {
        entries: postings.filter((posting) => posting.sequence > after),
        next: Math.max(after, postings.length),
      };
    },
  };
}

/** Tax included. */
const totalOf = ({ lines }: DocumentRequest) => lines.reduce((sum, line) => sum + line.netMinor + line.taxMinor, 0n);

const refused = (reason: VoucherRefusal): VoucherAnswer => ({ outcome: 'REFUSED', reason });

function sameVoucher(one: VoucherRequest, other: VoucherRequest): boolean {
  const text = (voucher: VoucherRequest) =>
    [voucher.period, voucher.currencyCode, voucher.description]
      .concat(voucher.lines.map((line) => `${line.account} ${line.side} ${line.amountMinor}`))
      .join('\n');
  return text(one) === text(other);
}
