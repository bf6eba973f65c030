import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';
import { inTransaction } from '../db/transaction.ts';
import { type Queue, takeToken, type WayState } from './budget.ts';
import type { FactValue, ToldItem } from './channel.ts';
import type { Choice, Waiting } from './choose-way.ts';
import type { Topic } from './note.ts';

/** A submission that is to be sent now. */
export interface BegunSubmission {
  readonly id: string;
  readonly way: WayState;
  readonly items: readonly ToldItem<FactValue>[];
}

/** A submission whose outcome is to be asked for. */
export interface OpenSubmission {
  readonly id: string;
  readonly reference: string;
  readonly looks: number;
  readonly begunAt: Date;
  readonly now: Date;
}

/** Pause before an accepted submission is asked for first, in seconds. */
export const FIRST_LOOK_SECONDS = 1;
/** Most that is counted of what waits. */
const MOST_COUNTED = 20_000;
/** A submission without an answer for so long belongs to a worker that is gone. Longer than any call takes. */
const LOST_SECONDS = 60;

/** An item that is being sent is not sent by another: a later value must not arrive before an earlier one. */
const DUE = `fact.channel_code = :channelCode and fact.topic = :topic and fact.filling = :filling and fact.changed_at is not null and fact.due_at <= clock_timestamp()
  and not exists (select from integration.channel_submission_item sent join integration.channel_submission submission on submission.id = sent.submission_id
    where sent.item = fact.item and sent.outcome is null and submission.state = 'SENDING'
      and submission.channel_code = fact.channel_code and submission.topic = fact.topic)`;

/** What waits in a queue and may be told now. */
export async function waitingOf(knex: Knex, topic: Topic, queue: Queue): Promise<Waiting> {
  const [row] = await query<Waiting>(
    knex,
    `with due as (select rank, item, urgent, alone, changed_at from integration.channel_fact fact where ${DUE} order by rank, item limit :most)
     select count(*)::int as items, coalesce(bool_or(urgent), false) as urgent,
       coalesce((select alone from due order by rank, item limit 1), false) as alone,
       coalesce(extract(epoch from clock_timestamp() - min(changed_at)), 0)::float8 as "oldestSeconds" from due`,
    { ...topic, filling: queue === 'FILL', most: MOST_COUNTED },
  );
  return row ?? { items: 0, urgent: false, alone: false, oldestSeconds: 0 };
}

/** Begins a submission of what waits in a queue. Null: other workers had it, or the way's last token. */
export function beginSubmission(
  knex: Knex,
  topic: Topic,
  choice: Choice,
  queue: Queue,
): Promise<BegunSubmission | null> {
  const { way, limit, from } = choice;
  return inTransaction(knex, async (trx) => {
    const order = from === 'first' ? 'rank, item' : 'rank desc, item desc';
    const items = await query<ToldItem<FactValue> & { changedAt: Date }>(
      trx,
      `select fact.item, fact.value, fact.changed_at as "changedAt" from integration.channel_fact fact
       where ${DUE} order by ${order} limit :limit for update of fact skip locked`,
      { ...topic, filling: queue === 'FILL', limit },
    );
    if (items.length === 0 || !(await takeToken(trx, topic, way))) return null;
    const [submission] = await query<{ id: string }>(
      trx,
      'insert into integration.channel_submission (channel_code, topic, way, filling) values (:channelCode, :topic, :way, :filling) returning id',
      { ...topic, way: way.name, filling: queue === 'FILL' },
    );
    const id = String(submission?.id);
    const names = items.map(({ item }) => item);
    await change(
      trx,
      `insert into integration.channel_submission_item (submission_id, item, value, changed_at)
       select :id::bigint, item, value, changed_at from integration.channel_fact
       where channel_code = :channelCode and topic = :topic and item = any (:names::text[])`,
      { ...topic, id, names },
    );
    await change(
      trx,
      `update integration.channel_fact set changed_at = null, told_value = value, told_by = :id::bigint, told_at = clock_timestamp()
       where channel_code = :channelCode and topic = :topic and item = any (:names::text[])`,
      { ...topic, id, names },
    );
    return { id, way, items: items.map(({ item, value }) => ({ item, value })) };
  });
}

/** The channel has accepted a submission: what became of it is asked from `seconds` on. */
export async function acceptSubmission(trx: Knex, id: string, reference: string, seconds: number): Promise<void> {
  await change(
    trx,
    `update integration.channel_submission set state = 'ACCEPTED', reference = ?, taken_at = clock_timestamp(),
       look_at = clock_timestamp() + make_interval(secs => ?) where id = ? and state = 'SENDING'`,
    [reference, seconds, id],
  );
}

/** Accepted submissions whose outcome is to be asked for now, oldest first. Nobody else gets them for a while. */
export function claimAccepted(knex: Knex, topic: Topic, limit: number): Promise<OpenSubmission[]> {
  return query<OpenSubmission>(
    knex,
    `with due as (
       select id from integration.channel_submission
       where channel_code = :channelCode and topic = :topic and state = 'ACCEPTED' and look_at <= clock_timestamp()
       order by id limit :limit for update skip locked)
     update integration.channel_submission s set looks = looks + 1, look_at = clock_timestamp() + make_interval(secs => :lease)
     from due where s.id = due.id
     returning s.id::text, s.reference, s.looks, s.begun_at as "begunAt", clock_timestamp() as now`,
    { ...topic, limit, lease: LOST_SECONDS },
  );
}

/** What was told in a submission and has no outcome yet. */
export function itemsOf(knex: Knex, id: string): Promise<ToldItem<FactValue>[]> {
  return query<ToldItem<FactValue>>(
    knex,
    'select item, value from integration.channel_submission_item where submission_id = ? and outcome is null',
    [id],
  );
}

/** Not ended yet: asked again in so many seconds. */
export async function lookLater(knex: Knex, id: string, seconds: number): Promise<void> {
  await change(knex, 'update integration.channel_submission set look_at = clock_timestamp() + make_interval(secs => ?) where id = ?', [seconds, id]); // biome-ignore format: one statement
}

/** Submissions that a worker began and did not live to answer for. */
export async function lostSubmissions(knex: Knex, topic: Topic): Promise<string[]> {
  const rows = await query<{ id: string }>(
    knex,
    `select id::text from integration.channel_submission where channel_code = :channelCode and topic = :topic and state = 'SENDING'
       and begun_at < clock_timestamp() - make_interval(secs => :seconds)`,
    { ...topic, seconds: LOST_SECONDS },
  );
  return rows.map(({ id }) => id);
}

/** Forgets submissions that ended so long ago. */
export async function forgetSubmissions(knex: Knex, topic: Topic, days: number): Promise<void> {
  await change(
    knex,
    `delete from integration.channel_submission where channel_code = :channelCode and topic = :topic and state = 'ENDED'
       and ended_at < clock_timestamp() - make_interval(days => :days)`,
    { ...topic, days },
  );
}
