import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createFeed, type RetakableFeed } from '../../platform/feed/feed.ts';
import { describeSetAside, type SetAsideEntry } from '../../platform/feed/set-aside.ts';
import { derivedId } from '../../platform/ids.ts';
import type { FinanceSystem, PostedDocument, Posting } from './port.ts';

export interface FinanceFeedDeps {
  readonly knex: Knex;
  readonly erp: FinanceSystem;
  /** Name of the system of record. Default `erp`: positions in the feeds of one mean nothing to another. */
  readonly system?: string;
  /** Tells, in the transaction that passes over it, of an entry that could not be read or stored. */
  report(
    trx: Knex.Transaction,
    unusable: {
      readonly key: string;
      readonly system: string;
      readonly operation: string;
      readonly message: string;
      readonly setAside: { readonly by: string; readonly id: string };
    },
  ): Promise<void>;
  /** Hears of outages and bugs; the feed goes on by itself. */
  onFailure(feed: string, error: unknown): void;
}

const ERP = 'erp';
/** The feeds of the books. Each names its cursor, and who takes an entry again. */
export const documentFeedOf = (system = ERP) => `settlement:${system}-documents`;
export const journalFeedOf = (system = ERP) => `settlement:${system}-postings`;

const setAsideBy = (feed: string, { report, system = ERP }: Pick<FinanceFeedDeps, 'report' | 'system'>) => ({
  positionOf: ({ sequence }: { readonly sequence: number }) => sequence,
  report: (trx: Knex.Transaction, aside: SetAsideEntry) =>
    report(trx, {
      key: `${feed}:${aside.position}`,
      system,
      operation: 'read-entry',
      message: describeSetAside(aside),
      setAside: { by: feed, id: String(aside.position) },
    }),
});

/** Follows the states of our documents in the ERP. */
export function createDocumentFeed({ knex, erp, onFailure, ...deps }: FinanceFeedDeps): RetakableFeed<PostedDocument> {
  const name = documentFeedOf(deps.system);
  return createFeed<PostedDocument>({
    knex,
    name,
    system: deps.system ?? ERP,
    read: (after, waitSeconds, signal) => erp.documentChanges(after, waitSeconds, signal),
    apply: saveDocumentStates,
    setAside: setAsideBy(name, deps),
    onFailure: (error) => onFailure(name, error),
  });
}

/** Follows the ERP's ledger. */
export function createJournalFeed({ knex, erp, onFailure, ...deps }: FinanceFeedDeps): RetakableFeed<Posting> {
  const name = journalFeedOf(deps.system);
  return createFeed<Posting>({
    knex,
    name,
    system: deps.system ?? ERP,
    read: (after, waitSeconds, signal) => erp.postings(after, waitSeconds, signal),
    apply: savePostings,
    setAside: setAsideBy(name, deps),
    onFailure: (error) => onFailure(name, error),
  });
}

/** Takes over newer states; an older one never overwrites a newer one. */
export async function saveDocumentStates(trx: Knex.Transaction, documents: readonly PostedDocument[]): Promise<void> {
  const inOrder = [...documents].sort((a, b) => a.sequence - b.sequence);
  const newest = [...new Map(inOrder.map((document) => [document.number, document])).values()].sort((a, b) =>
    a.number.localeCompare(b.number),
  );
  await query(
    trx,
    `with moved as (
       insert into settlement.document_state as s (number, status, source_sequence)
       select * from unnest(?::text[], ?::text[], ?::bigint[])
       on conflict (number) do update set status = excluded.status, source_sequence = excluded.source_sequence
         where excluded.source_sequence > s.source_sequence
       returning number, status, source_sequence
     )
     insert into settlement.posting_due (event, subject_id, at)
     select 'CLEARED', moved.number, now() from moved
     where moved.status = 'PAID' and not exists (select from settlement.posting_due p where p.event = 'CLEARED' and p.subject_id = moved.number)`,
    [
      newest.map((document) => document.number),
      newest.map((document) => document.status),
      newest.map((document) => document.sequence),
    ],
  );
}

/**
 * Until the transaction ends, nobody else records these documents or their postings: whoever comes second sees what the first
 * wrote, so that a posting and the document it belongs to find each other.
 */
export async function lockDocuments(trx: Knex.Transaction, numbers: readonly (string | null)[]): Promise<void> {
  await query(
    trx,
    `select pg_advisory_xact_lock(hashtextextended('settlement.document:' || number, 0))
     from (select distinct number from unnest(?::text[]) number order by number) documents`,
    [numbers],
  );
}

async function savePostings(trx: Knex.Transaction, entries: readonly Posting[]): Promise<void> {
  // What our vouchers posted stands in the channel ledger entry by entry; shown here as well it would count twice.
  const postings = entries.filter((entry) => entry.documentNumber !== null);
  await lockDocuments(
    trx,
    postings.map((posting) => posting.documentNumber),
  );
  const idOf = (posting: Posting) => derivedId('journalEntry', posting.number);
  const lines = postings.flatMap((posting) =>
    posting.lines.map((line, index) => ({ ...line, entryId: idOf(posting), position: index + 1 })),
  );
  await query(
    trx,
    `with e as (
       insert into settlement.journal_entry (id, number, order_id, document_number, description, posted_at, source_sequence)
       select n.id, n.number, d.order_id, n.document_number, n.description, n.posted_at, n.sequence
       from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::bigint[]) as n(id, number, document_number, description, posted_at, sequence)
       left join settlement.document d on d.number = n.document_number
       on conflict (id) do nothing returning id
     )
     insert into settlement.journal_line (entry_id, position, account, side, amount_minor, currency_code)
     select n.entry_id, n.position, n.account, n.side, n.amount, n.currency
     from e join unnest(?::text[], ?::int[], ?::text[], ?::text[], ?::bigint[], ?::text[]) as n(entry_id, position, account, side, amount, currency) on n.entry_id = e.id`,
    [
      postings.map(idOf),
      postings.map((posting) => posting.number),
      postings.map((posting) => posting.documentNumber),
      postings.map((posting) => posting.description),
      postings.map((posting) => posting.postedAt),
      postings.map((posting) => posting.sequence),
      lines.map((line) => line.entryId),
      lines.map((line) => line.position),
      lines.map((line) => line.account),
      lines.map((line) => line.side),
      lines.map((line) => line.amountMinor.toString()),
      lines.map((line) => line.currencyCode),
    ],
  );
}
