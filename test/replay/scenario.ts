import { query } from '../../platform/db/query.ts';
import { cancelledEvent, placedEvent, type ReplayWorld } from './world.ts';

const RETRY = `mutation ($filter: IntegrationExceptionFilter!, $input: IntegrationExceptionsRetryInput!) {
  integrationExceptionsRetry(filter: $filter, input: $input) { job { id state count } userErrors { code } } }`;
const JOB = `query ($id: ID!) { integrationExceptionsRetryJob(id: $id) { state count done failed finishedAt } }`;

/** What the queue holds and what settlement took, read from the tables. */
export interface Counts {
  readonly open: number;
  readonly resolved: number;
  readonly cancelledUnits: number;
  readonly releases: number;
}

export async function countsOf({ knex }: ReplayWorld): Promise<Counts> {
  const [counts] = await query<Counts>(
    knex,
    `select (select count(*)::int from integration.exception where state in ('OPEN', 'RETRYING')) as open,
       (select count(*)::int from integration.exception where state = 'RESOLVED') as resolved,
       (select coalesce(sum(cancelled), 0)::int from settlement.channel_order_line where order_id ~ '^ord_[0-9]+$') as "cancelledUnits",
       (select count(*)::int from settlement.posting_due where event = 'CANCELLED') as releases`,
  );
  if (!counts) throw new Error('a count answered no row');
  return counts;
}

/** Settlement takes `events` orders; then, while it cannot store anything, their cancellations, which are set aside. */
export async function fillQueue(world: ReplayWorld, events: number): Promise<void> {
  const numbers = Array.from({ length: events }, (_, index) => index + 1);
  await world.write(numbers.map(placedEvent));
  await world.consume();
  await world.write(numbers.map(cancelledEvent));
  await world.knex.raw('alter table settlement.channel_order_line rename to out_of_order');
  await world.consume();
  await world.knex.raw('alter table settlement.out_of_order rename to channel_order_line');
}

/** Has everything in the queue tried again. @returns the id of the job */
export async function retryAll(world: ReplayWorld, key: string): Promise<string> {
  const { integrationExceptionsRetry: answer } = await world.ask(RETRY, {
    filter: { operationPrefix: 'settlement:orders' },
    input: { idempotencyKey: key, reason: 'The table is back.' },
  });
  return answer.job.id;
}

export async function progressOf(world: ReplayWorld, id: string) {
  return (await world.ask(JOB, { id })).integrationExceptionsRetryJob;
}

/** Works until a condition holds, as one worker would. */
export async function workUntil(
  world: ReplayWorld,
  perTurn: number,
  pauseMillis: number,
  reached: () => Promise<boolean>,
): Promise<void> {
  const stopping = new AbortController();
  const working = world.work(perTurn, pauseMillis, stopping.signal);
  while (!(await Promise.race([reached(), working.then(() => true)]))) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  stopping.abort();
  await working;
}
