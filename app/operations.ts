import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import type { EventLog, StoredEvent } from '../events/port.ts';
import type { Taker } from '../events/taker.ts';
import type { Logger } from '../platform/logger.ts';
import type { DifferenceDesk } from '../platform/reconcile/run.ts';
import {
  advanceBulkRetries,
  advanceReplay,
  advanceRewinds,
  createExceptionDesk,
  createOperationsSubgraph,
  createSystemHealthReporter,
  type ExceptionDesk,
  loadOwnership,
  noteContact,
  type RetryWorkflow,
  takeRetryRequests,
  wakeAfterSuccess,
  wakeFirst,
  wakeWaiting,
  watchDegradation,
  watchFeeds,
} from '../subgraphs/operations/index.ts';
import { amountAtStake, type ReportNotice } from '../subgraphs/order/index.ts';
import { corrections } from './corrections.ts';
import type { ProductParts, RoutedSystems } from './routed-systems.ts';
import { reasonOf, refusalOf, setAsideKey } from './set-aside.ts';
import type { SystemClients } from './system-clients.ts';
import { watchedSystems } from './watched-systems.ts';

/** What a domain found amiss in its own records, or a system of record refused. */
interface Alarm {
  readonly key: string;
  readonly operation: string;
  readonly message: string;
  readonly system?: string;
  readonly channelCode?: string | null;
}

/** Who carries out what operators asked for in bulk. */
export interface DeskJobTargets {
  readonly log: EventLog;
  readonly takers: readonly Taker[];
  readonly rewind: Parameters<typeof advanceRewinds>[1];
}

/** Shows on a desk what a domain found amiss by itself, outside of any request. */
export function alarmOn({ raise, resolve }: Pick<ExceptionDesk, 'raise' | 'resolve'>, domain: string) {
  return {
    raise: ({ key, operation, message, system, channelCode = null }: Alarm) =>
      raise({
        key,
        cause: system === undefined ? 'CONFLICT' : 'VALIDATION',
        system: system ?? 'commerce',
        operation: system === undefined ? `${domain}:${operation}` : operation,
        message,
        orderId: null,
        channelCode,
        workflowId: null,
        traceId: randomBytes(16).toString('hex'),
      }),
    resolve,
  };
}

/** The exception desk as the domains use it. */
export function openDesk(knex: Knex): ExceptionDesk {
  return createExceptionDesk({ knex, owners: loadOwnership(), stakeOf: amountAtStake });
}

/** The operations domain: exception desk, health of the systems, retries that the worker picks up. */
export function openOperations(deps: {
  knex: Knex;
  clients: SystemClients;
  routed: Pick<RoutedSystems, 'routing' | 'connected'>;
  /** Default: one system serves all of the catalogue. */
  productParts?: ProductParts;
  logger: Logger;
  process: string;
}) {
  const { knex, clients, routed, logger } = deps;
  const desk = openDesk(knex);
  const exceptions = {
    ...desk,
    /** The desk shows what an operator may read; the log has what was thrown, without the values it may carry. */
    raise({ error, ...failure }: Parameters<typeof desk.raise>[0] & { readonly error?: unknown }): Promise<void> {
      const { key, operation, orderId, workflowId, traceId } = failure;
      const thrown =
        error instanceof Error
          ? { type: error.name, code: 'code' in error ? error.code : undefined, stack: error.stack }
          : undefined;
      logger.error({ key, operation, orderId, workflowId, traceId, thrown }, 'integration exception');
      return desk.raise(failure);
    },
  };
  const systems = watchedSystems(knex, clients, routed, deps.productParts ?? (async () => null));
  /** By system: the closing of its circuit after which work was woken. */
  const closedAt = new Map<string, number>();

  /** Puts an event that a consumer could not handle on the exception desk. */
  async function setAside(consumer: string, event: StoredEvent, error: unknown): Promise<void> {
    logger.error(
      { consumer, eventId: event.id, type: event.type, traceId: event.traceId, err: error },
      'event set aside',
    );
    await exceptions.raise({
      key: setAsideKey(consumer, event),
      system: 'commerce',
      operation: `${consumer}:${event.type}`,
      ...reasonOf(error),
      // What an exception's news failed on must not open news of the same order again, and so on.
      orderId: event.type.startsWith('integration-exception-') ? null : (('orderId' in event.data ? event.data.orderId : null) ?? null), // biome-ignore format: one thought
      channelCode: event.channelCode,
      workflowId: null,
      traceId: event.traceId,
      setAside: { by: consumer, id: event.sequence },
    });
  }

  return {
    subgraph: createOperationsSubgraph({ knex, logger, corrections }),
    exceptions,
    report: exceptions.raiseIn,
    heard: noteContact,
    health: createSystemHealthReporter({
      knex,
      process: deps.process,
      logger,
      systems,
    }),

    /** Shows that a channel has not taken a notice. */
    reportNotice: (({ what, error, ...failure }) => {
      const { cause, message } = refusalOf(error);
      const told = `${what} ${message}`;
      return exceptions.raise({ ...failure, cause, message: told, system: 'channel', workflowId: null, error });
    }) satisfies ReportNotice,

    /** Shows what a domain found amiss by itself, outside of any request. */
    alarm: (domain: string) => alarmOn(exceptions, domain),

    /** Where comparisons with systems of record show what a person has to look at. */
    differences: {
      raise: ({ system, subject }, { key, what, remedy, orderId = null }) =>
        exceptions.raise({
          key: `reconcile:${system}:${subject}:${key}`,
          cause: 'CONFLICT',
          system,
          operation: `reconcile-${subject}`,
          message: `${what}. ${remedy}`,
          orderId,
          channelCode: null,
          workflowId: null,
          traceId: randomBytes(16).toString('hex'),
        }),
      async resolveOthers({ system, subject }, keys) {
        const prefix = `reconcile:${system}:${subject}:`;
        const still = new Set(keys.map((key) => prefix + key));
        for (const key of await desk.openKeys(prefix))
          if (!still.has(key)) await desk.resolve(key, `the next comparison with ${system}`);
      },
    } satisfies DifferenceDesk,

    /**
     * @param announce tells those who watch stock, in the transaction that notes the change
     * @param retryWorkflow has work that waits for a system go on when it is heard again
     */
    async watchDegradation(
      announce: (trx: Knex.Transaction) => Promise<void>,
      retryWorkflow: RetryWorkflow,
    ): Promise<void> {
      for (const { system, rules } of await watchDegradation({ knex, desk, announce })) {
        if (rules === null) {
          logger.info({ system }, 'a system of record is heard again');
          await wakeWaiting(knex, system, retryWorkflow);
        } else logger.warn({ system, rules }, 'a system of record is not heard: degradation rules are in force');
      }
    },

    /** Has work that waits go on when the circuit of its system has closed in this process, or work like it got through. */
    async wakeRecovered(retryWorkflow: RetryWorkflow): Promise<void> {
      for (const { code, statistics } of systems) {
        const closed = statistics()?.circuitClosedAt?.getTime();
        if (closed === undefined || closed === closedAt.get(code)) continue;
        await wakeFirst(knex, code, retryWorkflow);
        closedAt.set(code, closed);
      }
      await wakeAfterSuccess(knex, retryWorkflow);
    },

    async watchFeeds(seconds: number): Promise<void> {
      for (const { feed, since } of await watchFeeds({ knex, desk }, seconds)) {
        if (since === null) logger.info({ feed }, 'a feed moves again');
        else logger.warn({ feed, since }, 'a feed stands still');
      }
    },

    /** Goes on with what operators asked for in bulk; see subgraphs/operations. */
    async advanceJobs(targets: DeskJobTargets, atMost: number): Promise<void> {
      await advanceRewinds(knex, targets.rewind);
      await advanceBulkRetries(knex, atMost);
      const onHandled = (consumer: string, event: StoredEvent) =>
        desk.resolve(setAsideKey(consumer, event), 'a replay');
      await advanceReplay({ knex, log: targets.log, takers: targets.takers, onHandled, onFailed: setAside }, atMost);
    },
    setAside,
    takeRetryRequests: (targets: Parameters<typeof takeRetryRequests>[1]) => takeRetryRequests(knex, targets),
  };
}
