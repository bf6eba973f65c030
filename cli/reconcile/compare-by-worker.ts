import type { Knex } from 'knex';
import type { ReconciliationResult } from '../../app/reconciliation.ts';
import { sleep } from '../../platform/clock.ts';
import { change, query } from '../../platform/db/query.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

const LOOK_EVERY_MILLIS = 500;
/** A worker looks for requests every two seconds, between its comparisons. */
const WORKER_MILLIS = 15_000;

interface Request {
  readonly taken: boolean;
  readonly busy: boolean;
  readonly results: ReconciliationResult[] | null;
}

/** What is to be compared. */
export interface Wanted {
  /** Null: every system. */
  readonly system: string | null;
  /** One comparison of the system; null: all of them. */
  readonly subject: string | null;
  /** Only report: correct nothing and raise nothing. */
  readonly dryRun: boolean;
}

/** Has a worker compare, prints what it found. @returns REFUSED when a person has to look at something */
export async function compareByWorker(knex: Knex, wanted: Wanted, terminal: Terminal): Promise<ExitCode> {
  const results = await ask(knex, wanted, (text) => terminal.note(text));
  for (const result of results) {
    if ('failure' in result) {
      terminal.out(`${terminal.style('red', 'NOT COMPARED')} ${result.system} ${result.subject}: ${result.failure}`);
      continue;
    }
    for (const { outcome, what, remedy } of result.differences) {
      if (outcome === 'CORRECTED') terminal.out(`${wanted.dryRun ? 'CORRECTABLE' : 'CORRECTED'} ${what}`);
      else terminal.out(`${terminal.style('red', 'DIFFERENT')} ${what}. ${remedy}`);
    }
    const { system, subject, compared, different, corrected, excepted, seconds } = result;
    terminal.out(
      `${system} ${subject}: ${compared} compared, ${different} different, ${corrected} ${wanted.dryRun ? 'correctable' : 'corrected'}, ${excepted} for a person, ${seconds.toFixed(1)} s`,
    );
  }
  const sound = results.every((result) => 'differences' in result && result.excepted === 0);
  return sound ? EXIT.OK : EXIT.REFUSED;
}

/** Leaves a request for the workers and waits for its results. */
async function ask(
  knex: Knex,
  { system, subject, dryRun }: Wanted,
  note: (text: string) => void,
): Promise<ReconciliationResult[]> {
  const [asked] = await query<{ id: string }>(
    knex,
    'insert into integration.reconciliation_request (system, subject, dry_run) values (?, ?, ?) returning id',
    [system, subject, dryRun],
  );
  const id = asked?.id ?? '';
  note('Asked a worker; differences are looked at twice, so this takes half a minute at least.');
  for (let idle = 0; ; idle += LOOK_EVERY_MILLIS) {
    const [request] = await query<Request>(
      knex,
      `select taken_at is not null as taken, results,
              exists (select from integration.reconciliation where phase <> 'DONE' and claimed_until > clock_timestamp()) as busy
       from integration.reconciliation_request where id = ?`,
      [id],
    );
    if (request?.results) return request.results;
    // A worker that is at a comparison takes the next request after it.
    if (request?.taken || request?.busy) idle = 0;
    if (idle > WORKER_MILLIS) {
      await change(knex, 'delete from integration.reconciliation_request where id = ? and taken_at is null', [id]);
      throw environment('No worker took the request. Start one (`npm start` or `npm run start:worker`) and ask again.');
    }
    await sleep(LOOK_EVERY_MILLIS);
  }
}
