import type { InvoiceStatus } from '../model.ts';
import type { DocumentRequest, FinanceSystem, PostedDocument, Posting } from '../port.ts';

interface MemoryDocument {
  readonly request: DocumentRequest;
  readonly number: string;
  readonly issuedAt: Date;
  status: InvoiceStatus;
}

/** An ERP that forgets when the process ends. Posts at once. */
export function memoryFinanceSystem(now: () => Date = () => new Date()): FinanceSystem {
  const byKey = new Map<string, MemoryDocument>();
  const payments = new Set<string>();
  const changes: PostedDocument[] = [];
  const postings: Posting[] = [];

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
  const book = (document: MemoryDocument, description: string, debit: string, credit: string, amountMinor: bigint) => {
    const { currencyCode } = document.request;
    postings.push({
      sequence: postings.length + 1,
      number: `A${postings.length + 1}`,
      documentNumber: document.number,
      description,
      postedAt: now(),
      lines: [
        { account: debit, side: 'DEBIT', amountMinor, currencyCode },
        { account: credit, side: 'CREDIT', amountMinor, currencyCode },
      ],
    });
  };

  return {
    async post(request) {
      const known = byKey.get(request.key);
      if (known) return changes.findLast((change) => change.number === known.number) ?? tell(known);
      const document: MemoryDocument = { request, number: `B${byKey.size + 1}`, issuedAt: now(), status: 'POSTED' };
      byKey.set(request.key, document);
      const total = request.lines.reduce((sum, line) => sum + line.netMinor + line.taxMinor, 0n);
      if (request.kind === 'INVOICE') book(document, `Invoice ${document.number}`, '1200', '8400', total);
      else book(document, `Credit memo ${document.number}`, '8400', '1200', total);
      return tell(document);
    },
    async clear({ key, number, amountMinor }) {
      if (payments.has(key)) return true;
      const document = [...byKey.values()].find((candidate) => candidate.number === number);
      if (!document) return false;
      payments.add(key);
      document.status = 'PAID';
      book(document, `Payment of ${number}`, '1800', '1200', amountMinor);
      tell(document);
      return true;
    },
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
