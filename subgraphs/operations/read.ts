import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { type Connection, type PageArgs, readPage, timeKey, toConnection } from '../../platform/graphql/connection.ts';
import { money } from '../../platform/money.ts';
import type { IntegrationException } from './model.ts';

const COLUMNS = `id, cause, state, system, operation, message, first_cause as "firstCause", first_message as "firstMessage",
  attempts, owner, opened_at as "openedAt", last_attempt_at as "lastAttemptAt", closed_at as "closedAt", case when closed_at is not null then closed_by end as "closedBy",
  note, trace_id as "traceId", order_id as "orderId", deadline, at_stake_minor as "atStakeMinor", at_stake_currency as "atStakeCurrency",
  (workflow_id is not null or set_aside_by is not null) and closed_at is null as retryable`;

type ExceptionRow = Omit<IntegrationException, 'atStake'> & {
  readonly atStakeMinor: string | null;
  readonly atStakeCurrency: string | null;
};

function toException({ atStakeMinor, atStakeCurrency, ...row }: ExceptionRow): IntegrationException {
  const known = atStakeMinor !== null && atStakeCurrency !== null;
  return { ...row, atStake: known ? money(atStakeMinor, atStakeCurrency) : null };
}

/** A timestamp as whole microseconds: a JavaScript Date would round the key and skip or repeat rows. */
const OPENED_MICROSECONDS = '(extract(epoch from opened_at) * 1000000)::bigint';

export interface IntegrationExceptionFilter {
  readonly state?: readonly string[] | null;
  readonly system?: string | null;
  readonly cause?: readonly string[] | null;
  readonly orderId?: string | null;
  readonly owner?: string | null;
  readonly operationPrefix?: string | null;
  readonly channel?: string | null;
  readonly deadlineBefore?: string | null;
}

/** Adds the conditions of a filter; all must hold. */
export function narrowed(select: Knex.QueryBuilder, filter: IntegrationExceptionFilter): Knex.QueryBuilder {
  if (filter.state != null) select.whereIn('state', [...filter.state]);
  if (filter.system != null) select.where('system', filter.system);
  if (filter.cause != null) select.whereIn('cause', [...filter.cause]);
  if (filter.orderId != null) select.where('order_id', filter.orderId);
  if (filter.owner != null) select.where('owner', filter.owner);
  if (filter.operationPrefix != null) select.whereRaw('starts_with(operation, ?)', [filter.operationPrefix]);
  if (filter.channel != null) select.where('channel_code', filter.channel);
  if (filter.deadlineBefore != null) select.where('deadline', '<', filter.deadlineBefore);
  return select;
}

/** Set-based reads: one statement per call, whatever the number of keys. */
export function createOperationsReader(knex: Knex) {
  const filtered = (filter: IntegrationExceptionFilter) => narrowed(knex('integration.exception'), filter);

  return {
    async exceptionsById(ids: readonly string[]): Promise<Map<string, IntegrationException>> {
      const rows = await query<ExceptionRow>(knex, `select ${COLUMNS} from integration.exception where id = any(?)`, [
        ids,
      ]);
      return new Map(rows.map((row) => [row.id, toException(row)]));
    },

    /** Newest first. @throws CommerceError BAD_USER_INPUT for an unusable page */
    async exceptions(filter: IntegrationExceptionFilter, args: PageArgs): Promise<Connection<IntegrationException>> {
      const page = readPage(args, 2);
      const forward = page.direction === 'forward';
      const select = filtered(filter)
        .select(knex.raw(`${COLUMNS}, ${OPENED_MICROSECONDS} as "sortKey"`))
        .orderByRaw(forward ? 'opened_at desc, id desc' : 'opened_at asc, id asc')
        .limit(page.size + 1);
      if (page.cursor)
        select.whereRaw(
          `(opened_at, id) ${forward ? '<' : '>'} (to_timestamp(0) + (?::bigint * interval '1 microsecond'), ?)`,
          [timeKey(page.cursor[0]), String(page.cursor[1])],
        );
      const rows = (await select) as (ExceptionRow & { sortKey: string })[];
      return toConnection(rows, page, { key: (row) => [row.sortKey, row.id], node: toException });
    },

    async exceptionCount(filter: IntegrationExceptionFilter): Promise<number> {
      const [row] = (await filtered(filter).count({ count: '*' })) as { count: string }[];
      return Number(row?.count ?? 0);
    },
  };
}

export type OperationsReader = ReturnType<typeof createOperationsReader>;
