import type { Knex } from 'knex';
import type { EventLog, StoredEvent } from '../../events/port.ts';
import { numberOf, placeAt } from '../../events/sequences.ts';
import type { Taker } from '../../events/taker.ts';
import { change, query, type SqlValue } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';

/** Which events a group of readers is handed once more. */
export interface ReplayRequest {
  /** Name of the group, such as settlement:orders. */
  readonly consumer: string;
  /** Place in the log, sequence or number, or time (RFC 3339), of the first event; that time is included. */
  readonly from: string;
  /** Likewise of the last. Null: the newest event of this moment. */
  readonly to: string | null;
  readonly types: readonly string[];
  readonly subject: string | null;
}

/** The events of a request as the log has them. */
export interface ReplayRange {
  readonly consumer: string;
  /** Number of the place behind which the first event is, and of the last event. */
  readonly after: number;
  readonly last: number;
  readonly types: readonly string[];
  readonly subject: string | null;
  readonly events: number;
}

/** How far a replay, or a workflow run again from a step, is. */
export interface DeskJob {
  readonly id: string;
  readonly state: 'RUNNING' | 'FINISHED';
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Why it was refused, or failed. */
  readonly message: string | null;
}

/**
 * Finds out what a replay would hand over.
 * @throws CommerceError BAD_USER_INPUT with what is wrong with the request and what would be right
 */
export async function planReplay(db: Knex, request: ReplayRequest): Promise<ReplayRange> {
  const { consumer, types, subject } = request;
  const consumers = await query<{ name: string }>(db, 'select name from integration.event_consumer order by name');
  if (!consumers.some(({ name }) => name === consumer))
    throw refused(`There is no consumer ${consumer}; there is ${consumers.map(({ name }) => name).join(', ')}.`);
  const [log] = await query<{ head: string; floor: string; epoch: string | null }>(
    db,
    'select head, floor, epoch from integration.event_log_state',
  );
  const head = Number(log?.head ?? 0);
  const first = await placeOf(db, request.from, log?.epoch ?? null, 'first');
  const last = request.to === null ? head : Math.min(head, await placeOf(db, request.to, log?.epoch ?? null, 'last'));
  if (first <= Number(log?.floor ?? 0) && Number(log?.floor ?? 0) > 0)
    throw refused(`The log begins behind ${log?.floor}: earlier events are not kept any more.`);
  const [found] = await query<{ events: number }>(
    db,
    `select count(*)::int as events from integration.event_log where ${MATCHING}`,
    [first - 1, last, ...narrowing(types, subject)],
  );
  return { consumer, after: first - 1, last, types, subject, events: found?.events ?? 0 };
}

const MATCHING = `sequence > ? and sequence <= ? and (?::text[] is null or type = any(?::text[])) and (?::text is null or subject = ?)`;
const narrowing = (types: readonly string[], subject: string | null): SqlValue[] => {
  const wanted = types.length === 0 ? null : types;
  return [wanted, wanted, subject, subject];
};

async function placeOf(db: Knex, given: string, epoch: string | null, end: 'first' | 'last'): Promise<number> {
  const sequence = /^(?:([0-9a-z]+)-)?(\d{1,16})$/.exec(given);
  if (sequence) {
    if (sequence[1] !== undefined && sequence[1] !== epoch) throw refused(`${given} is no sequence of this log.`);
    return Number(sequence[2]);
  }
  const time = /^\d{4}-\d{2}-\d{2}T/.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(time))
    throw refused(`${given} is no place: give a sequence, its number, or a time such as 2026-11-23T09:00:00Z.`);
  const [place] = await query<{ sequence: string | null }>(
    db,
    end === 'first'
      ? 'select coalesce((select min(sequence) from integration.event_log where recorded_at >= ?), (select head + 1 from integration.event_log_state)) as sequence'
      : 'select coalesce((select max(sequence) from integration.event_log where recorded_at <= ?), 0) as sequence',
    [new Date(time)],
  );
  return Number(place?.sequence ?? 0);
}

const refused = (message: string) => new CommerceError('BAD_USER_INPUT', message);

/** Notes that the events of a range are to be handed over once more. @returns the id of the job */
export async function startReplay(
  trx: Knex.Transaction,
  range: ReplayRange,
  { reason, requestedBy }: { readonly reason: string; readonly requestedBy: string },
): Promise<string> {
  const id = newId('deskJob');
  await change(
    trx,
    `insert into integration.desk_job (id, kind, request, reason, requested_by, total, position) values (?, 'REPLAY', ?, ?, ?, ?, ?)`,
    [id, JSON.stringify(range), reason, requestedBy, range.events, range.after],
  );
  return id;
}

/** Null when there is no job of this id. */
export async function readDeskJob(db: Knex, id: string): Promise<DeskJob | null> {
  const [job] = await query<DeskJob>(
    db,
    'select id, state, total, done, failed, message from integration.desk_job where id = ?',
    [id],
  );
  return job ?? null;
}

/** What the replay needs of its surroundings. */
export interface ReplayDeps {
  readonly knex: Knex;
  readonly log: Pick<EventLog, 'read' | 'head'>;
  readonly takers: readonly Taker[];
  /** An event that was handled: an exception about it is over. */
  readonly onHandled: (consumer: string, event: StoredEvent) => Promise<void>;
  /** An event that the consumer could not handle. It must store it. */
  readonly onFailed: (consumer: string, event: StoredEvent, error: unknown) => Promise<void>;
}

/** Longest time a consumer may take for one event, in milliseconds. */
const TIMEOUT_MILLIS = 30_000;
/** A call holds the job for so long at most, in milliseconds; another worker may go on then. */
const TURN_MILLIS = 2_000;
const PAGE = 1_000;

/** What one call did. */
interface Turn {
  readonly position: number;
  readonly done: number;
  readonly failed: number;
}

interface RunningReplay {
  readonly id: string;
  readonly position: string;
  readonly request: ReplayRange;
}

/**
 * Goes on with the oldest replay, beside the consumers' own way through the log: in the order of the log, one event at
 * a time. A crash hands the events of this turn over again, which has no second effect at an idempotent consumer.
 *
 * @param atMost events handed over by this call
 */
export async function advanceReplay(deps: ReplayDeps, atMost: number): Promise<void> {
  await inTransaction(deps.knex, async (trx) => {
    const [job] = await query<RunningReplay>(
      trx,
      `select id, position, request from integration.desk_job
       where kind = 'REPLAY' and state = 'RUNNING' order by created_at limit 1 for update skip locked`,
    );
    if (!job) return;
    const taker = deps.takers.find(({ group }) => group === job.request.consumer);
    if (!taker) return finish(trx, job.id, `No worker has the consumer ${job.request.consumer}.`);
    if (Number(job.position) === job.request.after) await countWanted(trx, job, typesFor(taker, job.request));
    let turn: Turn;
    try {
      turn = await handOver(deps, taker, job, atMost);
    } catch (error) {
      if (isCommerceError(error) && error.code === 'REPLAY_EXPIRED') return finish(trx, job.id, error.message);
      throw error;
    }
    await change(
      trx,
      'update integration.desk_job set position = ?, done = done + ?, failed = failed + ? where id = ?',
      [turn.position, turn.done, turn.failed, job.id],
    );
    if (turn.position >= job.request.last) await finish(trx, job.id, null);
  });
}

/** What the consumer reads of what was asked for. */
function typesFor(taker: Taker, { types }: ReplayRange): readonly StoredEvent['type'][] {
  return types.length === 0 ? taker.types : taker.types.filter((type) => types.includes(type));
}

/** Progress is measured by what is handed over, not by all that is in the range: only a worker knows what its consumer reads. */
async function countWanted(
  trx: Knex.Transaction,
  { id, request }: RunningReplay,
  types: readonly string[],
): Promise<void> {
  const { after, last, subject } = request;
  await change(
    trx,
    `update integration.desk_job set total = (select count(*) from integration.event_log where ${MATCHING}) where id = ?`,
    [after, last, types, types, subject, subject, id],
  );
}

async function handOver(deps: ReplayDeps, taker: Taker, job: RunningReplay, atMost: number): Promise<Turn> {
  const { last, subject, consumer } = job.request;
  const wanted = typesFor(taker, job.request);
  const until = Date.now() + TURN_MILLIS;
  const head = await deps.log.head();
  const turn = { position: Number(job.position), done: 0, failed: 0 };
  while (turn.position < last) {
    const limit = Math.min(PAGE, last - turn.position);
    const page = await deps.log.read({ after: placeAt(head, turn.position), limit, types: wanted });
    for (const event of page.events) {
      if (turn.done + turn.failed >= atMost || Date.now() >= until) return turn;
      if (subject === null || event.subject === subject) {
        if (await isHandled(deps, taker, consumer, event)) turn.done++;
        else turn.failed++;
      }
      turn.position = numberOf(event.sequence);
    }
    turn.position = numberOf(page.next);
  }
  return turn;
}

async function isHandled(deps: ReplayDeps, taker: Taker, consumer: string, event: StoredEvent): Promise<boolean> {
  try {
    await taker.take(event, AbortSignal.timeout(TIMEOUT_MILLIS));
  } catch (error) {
    await deps.onFailed(consumer, event, error);
    return false;
  }
  await deps.onHandled(consumer, event);
  return true;
}

async function finish(trx: Knex.Transaction, id: string, message: string | null): Promise<void> {
  await change(
    trx,
    // Of the range, the consumer reads its own types only: what it was handed is all there was.
    `update integration.desk_job set state = 'FINISHED', finished_at = clock_timestamp(), total = done + failed, message = ? where id = ?`,
    [message, id],
  );
}
