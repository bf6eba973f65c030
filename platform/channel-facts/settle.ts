import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';
import type { ItemOutcome } from './channel.ts';
import type { Topic } from './note.ts';

/** An item that the channel refused, or failed to take several times. */
export interface SettledItem {
  readonly item: string;
  readonly sku: string;
  /** The channel's own reason. */
  readonly code: string;
  readonly outcome: 'REFUSED' | 'FAILED';
}

export interface Settled {
  /** Somebody should be told of them. */
  readonly amiss: readonly SettledItem[];
  /** They are right now. */
  readonly confirmed: readonly string[];
}

/** Failures of an item one after the other before somebody is told. */
const FAILURES_TOLD = 5;
/** Pause before an item is told again that the channel failed to take: doubles, in seconds. */
const PAUSE = { first: 2, last: 900 } as const;

/**
 * Takes in what became of a submission's items, once. Only the newest submission of an item confirms its value, and only when none before
 * it is open: the channel may apply that one last. An outcome that arrives after that of a later submission has the item told
 * again, for nobody knows which of the two the channel applied last.
 *
 * @param missing what became of items that are not among the outcomes. UNKNOWN, when the channel gave no answer: they are told again at once.
 *   FAILED, when it gave one without them: that may happen again
 */
export async function settleSubmission(
  trx: Knex.Transaction,
  { channelCode, topic }: Topic,
  id: string,
  outcomes: readonly ItemOutcome[],
  missing: 'FAILED' | 'UNKNOWN',
): Promise<Settled> {
  const ended = await change(
    trx,
    `update integration.channel_submission set state = 'ENDED', ended_at = clock_timestamp(), look_at = null,
       taken_at = case when state = 'SENDING' and ? then clock_timestamp() else taken_at end
     where id = ? and state <> 'ENDED'`,
    [missing === 'FAILED', id],
  );
  if (ended === 0) return { amiss: [], confirmed: [] };
  const codes = Object.fromEntries(outcomes.map((one) => [one.item, { outcome: one.outcome, code: 'code' in one ? one.code : null }])); // biome-ignore format: one thought
  const rows = await query<{ item: string; sku: string; step: 'CONFIRMED' | 'REFUSED' | 'FAILED' | 'AGAIN' | 'OPEN'; code: string | null; attempts: number }>(
    trx,
    `with fact as (
       select fact.* from integration.channel_fact fact
       where channel_code = :channelCode and topic = :topic
         and item in (select item from integration.channel_submission_item where submission_id = :id and outcome is null)
       order by item for update
     ), told as (
       update integration.channel_submission_item sent
       set outcome = coalesce(:codes::jsonb -> sent.item ->> 'outcome', :missing)
       where submission_id = :id and outcome is null returning item, value, changed_at, outcome
     ), judged as (
       select fact.item, fact.sku, told.value, told.changed_at, :codes::jsonb -> told.item ->> 'code' as code,
         case
           when fact.told_by = :id then case
             when told.outcome = 'APPLIED' then case when exists (
               select from integration.channel_submission_item earlier join integration.channel_submission submission on submission.id = earlier.submission_id
               where earlier.item = fact.item and earlier.outcome is null and submission.channel_code = fact.channel_code and submission.topic = fact.topic
                 and submission.id < :id) then 'OPEN' else 'CONFIRMED' end
             when told.outcome = 'REFUSED' then 'REFUSED' when told.outcome = 'FAILED' then 'FAILED' else 'AGAIN' end
           -- A later one told it something else. If that one has ended, this may have been applied after it.
           when exists (select from integration.channel_submission_item later where later.submission_id = fact.told_by and later.item = fact.item and later.outcome is null)
             then 'OPEN' else 'AGAIN' end as step
       from fact join told using (item)
     )
     update integration.channel_fact fact set
       confirmed_value = case when step = 'CONFIRMED' then judged.value else confirmed_value end,
       confirmed_at = case when step = 'CONFIRMED' then clock_timestamp() else confirmed_at end,
       alone = alone and step in ('FAILED', 'AGAIN', 'OPEN'),
       refused = case when step = 'REFUSED' then judged.code when step = 'CONFIRMED' then null else refused end,
       told_value = case when step in ('CONFIRMED', 'OPEN') then told_value end,
       attempts = case when step = 'FAILED' then attempts + 1 when step = 'CONFIRMED' then 0 else attempts end,
       due_at = case when step = 'FAILED' then clock_timestamp() + make_interval(secs => least(:last, :first * 2 ^ least(attempts, 10))) else due_at end,
       changed_at = case when step in ('FAILED', 'AGAIN') and fact.value is not null then least(fact.changed_at, judged.changed_at) else fact.changed_at end
     from judged where fact.channel_code = :channelCode and fact.topic = :topic and fact.item = judged.item
     returning fact.item, judged.sku, step, judged.code, fact.attempts`,
    { channelCode, topic, id, codes: JSON.stringify(codes), missing, ...PAUSE },
  );
  return {
    amiss: rows.flatMap(({ item, sku, step, code, attempts }): SettledItem[] =>
      step === 'REFUSED' || (step === 'FAILED' && attempts >= FAILURES_TOLD) ? [{ item, sku, code: code ?? '', outcome: step }] : [],
    ),
    confirmed: rows.flatMap(({ item, step }) => (step === 'CONFIRMED' ? [item] : [])),
  };
} // biome-ignore format: one statement

/** Has items of a refused submission told one by one: the channel takes all of a submission or nothing, and one is wrong. */
export async function tellAlone(trx: Knex.Transaction, { channelCode, topic }: Topic, items: readonly string[]): Promise<void> {
  await change(
    trx,
    'update integration.channel_fact set alone = true where channel_code = ? and topic = ? and item = any (?::text[])',
    [channelCode, topic, items],
  );
} // biome-ignore format: one statement

/** Has an item told again that the channel refused. False: there is none such. */
export async function tellAgain(knex: Knex, { channelCode, topic }: Topic, item: string): Promise<boolean> {
  const again = await change(
    knex,
    `update integration.channel_fact set refused = null, filling = false, attempts = 0, due_at = '-infinity', changed_at = coalesce(changed_at, clock_timestamp()), told_value = null
     where channel_code = ? and topic = ? and item = ? and value is not null`,
    [channelCode, topic, item],
  );
  return again === 1;
}
