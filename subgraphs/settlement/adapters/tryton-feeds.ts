import { sleep } from '../../../platform/clock.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import { ownJournal, readBooks } from '../../../systems/tryton/books.ts';
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import { unnamedCustomer } from '../../../systems/tryton/documents.ts';
import { readChangedInvoices, readInvoices, type TrytonInvoice } from '../../../systems/tryton/invoices.ts';
import { originsOf, readChangedMoves, type TrytonMove } from '../../../systems/tryton/moves.ts';
import type { InvoiceStatus } from '../model.ts';
import type { FeedPart, FinanceSystem, PostedDocument, Posting } from '../port.ts';
import { toLines } from './tryton-amounts.ts';

/** A document as the journal keeps it; its number in the stream is the record's. */
type KeptDocument = Omit<PostedDocument, 'sequence' | 'issuedAt'> & { readonly issuedAt: string };
/** Amounts as text: JSON has no large numbers. */
type KeptPosting = Omit<Posting, 'sequence' | 'postedAt' | 'lines'> & {
  readonly postedAt: string;
  readonly lines: readonly (Omit<Posting['lines'][number], 'amountMinor'> & { readonly amountMinor: string })[];
};

export interface TrytonFinanceFeeds extends Pick<FinanceSystem, 'documentChanges' | 'postings'> {
  /** Takes over what changed in Tryton since the last look. */
  look(signal: AbortSignal): Promise<void>;
  /** Number of a document's newest change. */
  positionOf(document: TrytonInvoice, signal: AbortSignal): Promise<number>;
}

const DOCUMENTS = 'finance-documents';
const POSTINGS = 'finance-postings';
const MARKS = 'finance-marks';

/** How far back records are read again, in milliseconds: a transaction that ends late shows a change of an earlier moment. */
const OVERLAP_MILLIS = 600_000;
const LOOK_EVERY_MILLIS = 2_000;
/** How often a waiting reader looks into the journal, in milliseconds. */
const LOOK_AGAIN_MILLIS = 20;
const PAGE = 200;

const STATUSES: Readonly<Record<TrytonInvoice['state'], InvoiceStatus>> = {
  draft: 'DRAFT',
  validated: 'DRAFT',
  posted: 'POSTED',
  paid: 'PAID',
  cancelled: 'CANCELLED',
};

/** Numbered feeds of our documents and of what the books say of them, out of Tryton, which numbers no changes. */
export function trytonFinanceFeeds(
  tryton: TrytonClient,
  journal: ObservedJournal,
  /** Pause between two looks at Tryton, in milliseconds. Default 2000. */
  { lookEveryMillis = LOOK_EVERY_MILLIS }: { readonly lookEveryMillis?: number } = {},
): TrytonFinanceFeeds {
  const documents = lookAt(journal, DOCUMENTS, async (since, signal) => {
    const { party } = await unnamedCustomer(tryton, { signal });
    return (await readChangedInvoices(tryton, party, since, { signal })).map((one) => ({ key: String(one.id), body: toKept(one), changedAt: one.changedAt })); // biome-ignore format: one thought
  });
  const postings = lookAt(journal, POSTINGS, (since, signal) => readPostings(tryton, since, signal));

  async function changes<Body, Entry>(
    stream: string,
    look: (signal: AbortSignal) => Promise<void>,
    toEntry: (body: Body, position: number) => Entry,
    [after, waitSeconds, signal]: [number, number, AbortSignal],
  ): Promise<FeedPart<Entry>> {
    const deadline = Date.now() + waitSeconds * 1_000;
    for (;;) {
      await look(signal);
      const records = await journal.read<Body>(stream, after, PAGE);
      if (records.length > 0 || Date.now() >= deadline || signal.aborted)
        return { entries: records.map(({ body, position }) => toEntry(body, position)), next: records.at(-1)?.position ?? after }; // biome-ignore format: one thought
      await sleep(Math.min(Math.max(lookEveryMillis, LOOK_AGAIN_MILLIS), deadline - Date.now()), signal);
    }
  }

  return {
    async look(signal) {
      await documents(signal);
      await postings(signal);
    },
    async positionOf(document, signal) {
      await documents(signal);
      const [record] = await journal.find<KeptDocument>(DOCUMENTS, [String(document.id)]);
      return record?.position ?? 0;
    },
    documentChanges: (...asked) => changes(DOCUMENTS, documents, (body: KeptDocument, sequence) => ({ ...body, sequence, issuedAt: new Date(body.issuedAt) }), asked),
    postings: (...asked) => changes(POSTINGS, postings, toPosting, asked),
  }; // biome-ignore format: one thought
}

/** Looks at what changed since the last look, and gives it numbers. */
function lookAt<Body>(
  journal: ObservedJournal,
  stream: string,
  read: (since: Date | null, signal: AbortSignal) => Promise<readonly { readonly key: string; readonly body: Body; readonly changedAt: Date }[]>, // biome-ignore format: one thought
): (signal: AbortSignal) => Promise<void> {
  let seen: string | null = null;
  return async (signal) => {
    const begun = await journal.begin(stream);
    const [mark] = await journal.find<{ newest: string }>(MARKS, [stream]);
    const found = await read(mark ? new Date(Date.parse(mark.body.newest) - OVERLAP_MILLIS) : null, signal);
    const print = JSON.stringify(found);
    if (print === seen) return;
    const inOrder = [...found].sort((a, b) => a.changedAt.getTime() - b.changedAt.getTime());
    const settled = await begun.settle(async ({ put }) => {
      await put(stream, new Map(inOrder.map(({ key, body }) => [key, body])));
      const newest = inOrder.at(-1)?.changedAt;
      if (newest) await put(MARKS, new Map([[stream, { newest: newest.toISOString() }]]));
    });
    if (settled !== null) seen = print;
  };
}

/** What the books say of documents of ours, and of what we had posted. */
async function readPostings(tryton: TrytonClient, since: Date | null, signal: AbortSignal) {
  const call = { signal };
  const { party } = await unnamedCustomer(tryton, call);
  const { currencyCode } = await readBooks(tryton, call);
  const journal = await ownJournal(tryton, call);
  const moves = await readChangedMoves(tryton, { journal, party }, since, call);
  // A cancellation is of the move that it takes back.
  const takenBack = await originsOf(tryton, moves.flatMap(({ origin }) => origin ?? []), call); // biome-ignore format: one thought
  const documentOf = ({ origin }: TrytonMove) => (origin === null ? null : (takenBack.get(origin) ?? origin));
  const ids = moves.flatMap((one) => idOfInvoice(documentOf(one)) ?? []);
  const invoices = ids.length === 0 ? [] : await readInvoices(tryton, [['id', 'in', [...new Set(ids)]], ['party', '=', party]], call); // biome-ignore format: one thought
  const numbers = new Map(invoices.map(({ id, number }) => [id, number]));
  return moves.flatMap((one) => {
    const { number, description, postedAt, changedAt, lines } = one;
    const invoice = idOfInvoice(documentOf(one));
    const documentNumber = invoice === null ? null : (numbers.get(invoice) ?? null);
    // Moves of other books than ours, which take back others of theirs.
    if (one.origin !== null && documentNumber === null) return [];
    const body: KeptPosting = {
      number: number ?? '',
      documentNumber,
      description: description || `Posting of ${documentNumber ?? ''}`,
      postedAt: postedAt.toISOString(),
      lines: toLines(lines, currencyCode).map((line) => ({ ...line, amountMinor: line.amountMinor.toString() })),
    };
    return [{ key: String(one.id), body, changedAt }];
  });
}

function idOfInvoice(origin: string | null): number | null {
  const match = /^account\.invoice,(\d+)$/.exec(origin ?? '');
  return match ? Number(match[1]) : null;
}

/** A document as the port tells it. @param sequence number of its newest change */
export function toDocument(document: TrytonInvoice, sequence: number): PostedDocument {
  const { number, status, issuedAt } = toKept(document);
  return { number, status, issuedAt: new Date(issuedAt), sequence };
}

function toKept({ number, state, issuedAt }: TrytonInvoice): KeptDocument {
  return { number: number ?? '', status: STATUSES[state], issuedAt: issuedAt.toISOString() };
}

function toPosting({ postedAt, lines, ...posting }: KeptPosting, sequence: number): Posting {
  const told = lines.map((line) => ({ ...line, amountMinor: BigInt(line.amountMinor) }));
  return { ...posting, sequence, postedAt: new Date(postedAt), lines: told };
}
