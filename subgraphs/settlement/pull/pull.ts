import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Knex } from 'knex';
import { sleep } from '../../../platform/clock.ts';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { ingestReport } from '../ingest/ingest.ts';
import type { IngestOutcome } from '../ingest/source.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { readTransfers, takeTransfers } from '../payouts/amazon-transfers.ts';
import type { ChannelStatement, StatementSource } from '../port.ts';
import type { Throttle } from '../throttle.ts';

export interface PullDeps {
  readonly knex: Knex;
  readonly channelCode: string;
  readonly source: StatementSource;
  readonly rules: PostingRules;
  readonly throttle: Throttle;
  readonly now: () => Date;
  /** Hears of each statement that was fetched. A refused one needs a person: the channel has to be asked for a right one. */
  onFetched(statement: ChannelStatement, outcome: IngestOutcome): Promise<void>;
}

/** What a look at a channel brought. */
export interface PullOutcome {
  readonly ingested: number;
  readonly duplicate: number;
  readonly refused: number;
  /** Payouts that were new, and that moved. */
  readonly payouts: { readonly added: number; readonly moved: number };
}

/** A channel keeps its statements for so long; the first look goes back as far. */
const FIRST_LOOK_DAYS = 90;
/** Statements come late and out of order: each look goes so far behind the newest one that is known. */
const OVERLAP_DAYS = 14;
/** What could not be read may have been a page that said "later": it is fetched again after so long. */
const UNREADABLE_HOURS = 6;
/** Payouts may still move, fail or come back. */
const PAYOUT_DAYS = 35;
const DAY_MILLIS = 86_400_000;

/**
 * Fetches what a channel made since the last look: each statement once by its id, each payout as it stands now. One that
 * was refused is fetched again when a settlement of the channel was reversed since, some hours after it could not be read, and when a
 * person asks. Stopped or killed at any moment, the next look goes on: what was taken in but not noted is recognised by its bytes.
 */
export function createPull(deps: PullDeps) {
  const { knex, channelCode, source, rules, now } = deps;

  /** What is new, and what was refused and may be taken now. */
  async function statementsToFetch(signal: AbortSignal, refusedToo: boolean): Promise<ChannelStatement[]> {
    const known = await query<{ id: string; createdAt: Date; isDue: boolean }>(
      knex,
      `select document_id as id, created_at as "createdAt",
         outcome = 'REFUSED' and (? or pulled_at < clock_timestamp() - make_interval(hours => ?) and code = 'UNREADABLE' or exists (
           select from settlement.reversal join settlement.statement on statement.id = reversal.statement_id
           where statement.channel_code = pulled_statement.channel_code and reversal.taken_at > pulled_at)) as "isDue"
       from settlement.pulled_statement where channel_code = ?`,
      [refusedToo, UNREADABLE_HOURS, channelCode],
    );
    const oldest = now().getTime() - FIRST_LOOK_DAYS * DAY_MILLIS;
    const newest = known.length === 0 ? null : Math.max(...known.map(({ createdAt }) => createdAt.getTime()));
    const late = newest === null ? oldest : newest - OVERLAP_DAYS * DAY_MILLIS;
    const due = known.filter(({ isDue }) => isDue).map(({ createdAt }) => createdAt.getTime());
    const since = Math.min(late, ...due.filter((at) => at >= oldest));
    const done = new Set(known.filter(({ isDue }) => !isDue).map(({ id }) => id));
    return (await source.statementsSince(new Date(since), signal)).filter(({ id }) => !done.has(id));
  }

  /** Fetches one statement into a file of its own, so that it is asked for once however often it is read. */
  async function fetchOne(statement: ChannelStatement, signal: AbortSignal): Promise<IngestOutcome> {
    const folder = await mkdtemp(join(tmpdir(), 'commerce-pull-'));
    try {
      const file = join(folder, 'statement');
      await pipeline(Readable.from(source.read(statement, signal)), createWriteStream(file), { signal });
      const outcome = await ingestReport(
        knex,
        {
          channelCode,
          format: statement.format,
          fileName: statement.id,
          receivedBy: 'pull',
          bytes: () => createReadStream(file, { highWaterMark: 256 * 1024 }),
        },
        { rules, throttle: deps.throttle, signal },
      );
      if (outcome.kind === 'REFUSED' && outcome.code === 'UNKNOWN_CHANNEL')
        throw new CommerceError('CONFIGURATION_INVALID', `There is no channel ${channelCode} for the statements that are fetched. Add it, or name another.`); // biome-ignore format: one thought
      return outcome;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async function note(statement: ChannelStatement, outcome: IngestOutcome): Promise<void> {
    await query(
      knex,
      `insert into settlement.pulled_statement (channel_code, document_id, created_at, outcome, settlement_id, code) values (?, ?, ?, ?, ?, ?)
       on conflict (channel_code, document_id) do update set outcome = excluded.outcome, settlement_id = excluded.settlement_id, code = excluded.code, pulled_at = clock_timestamp()`,
      [
        channelCode,
        statement.id,
        statement.createdAt,
        outcome.kind,
        outcome.kind === 'REFUSED' ? null : outcome.settlementId,
        outcome.kind === 'REFUSED' ? outcome.code : null,
      ],
    );
  }

  /**
   * @param refusedToo fetches what was refused before as well, whatever the reason was
   * @returns null when another process is at it
   */
  async function look(signal: AbortSignal, refusedToo = false): Promise<PullOutcome | null> {
    return inTransaction(knex, async (lock) => {
      const [row] = await query<{ taken: boolean }>(
        lock,
        `select pg_try_advisory_xact_lock(hashtextextended('settlement.pull:' || ?, 0)) as taken`,
        [channelCode],
      );
      if (!row?.taken) return null;
      const count = { INGESTED: 0, DUPLICATE: 0, REFUSED: 0 };
      for (const statement of await statementsToFetch(signal, refusedToo)) {
        const outcome = await fetchOne(statement, signal);
        // Told first: a refusal that was noted is not looked at again until something changes.
        await deps.onFetched(statement, outcome);
        await note(statement, outcome);
        count[outcome.kind] += 1;
      }
      const payouts = { added: 0, moved: 0 };
      const since = new Date(now().getTime() - PAYOUT_DAYS * DAY_MILLIS);
      for await (const answer of source.payoutsSince(since, signal)) {
        const { added, moved } = await takeTransfers(knex, rules, channelCode, readTransfers(answer), 'pull');
        payouts.added += added;
        payouts.moved += moved;
      }
      return { ingested: count.INGESTED, duplicate: count.DUPLICATE, refused: count.REFUSED, payouts };
    });
  }

  return {
    look,

    /**
     * Looks again and again until the signal aborts.
     * @param report hears of every look: null when it went well, or what went wrong; the next one comes all the same
     */
    async run(everyMillis: number, report: (failure: unknown) => Promise<void>, signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const failure: unknown = await look(signal).then(
          () => null,
          (error: unknown) => error,
        );
        if (signal.aborted) return;
        await report(failure);
        await sleep(everyMillis, signal);
      }
    },
  };
}
