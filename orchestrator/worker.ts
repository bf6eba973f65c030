import { DBOS } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import type { EventLog, StoredEvent } from '../events/port.ts';
import { type Taker, takerOf } from '../events/taker.ts';
import { sleep } from '../platform/clock.ts';
import { ensureDatabase } from '../platform/db/database-url.ts';
import { databaseFailure } from '../platform/db/failure.ts';
import { patiently } from '../platform/db/patiently.ts';
import type { Logger } from '../platform/logger.ts';
import { RETRY_TOPIC } from './durable.ts';
import { EXCEPTION_NEWS, type ExceptionNews, noteException } from './exception-news.ts';
import type { OrchestratorDeps } from './port.ts';
import { REACTED_TYPES, type ReactedType, react, reactToStock, type Workflows } from './reactions.ts';
import { type Rewound, rewind } from './rewind.ts';
import { joinSharing, ownQueue } from './sharing.ts';
import { allocateBackorder } from './workflows/allocate-backorder.ts';
import { askNodes } from './workflows/ask-nodes.ts';
import { cancelUnits } from './workflows/cancel-units.ts';
import { fulfilOrder } from './workflows/fulfil-order.ts';
import { issueReturnLabel } from './workflows/issue-return-label.ts';
import { refundReturn } from './workflows/refund-return.ts';
import { releaseOpened } from './workflows/release-opened.ts';
import { returnGoods } from './workflows/return-goods.ts';
import { settleWithdrawal } from './workflows/settle-withdrawal.ts';
import { ship } from './workflows/ship.ts';
import { sourceAgain } from './workflows/source-again.ts';
import { withdrawWork } from './workflows/withdraw-work.ts';

export interface OrchestratorOptions {
  readonly deps: OrchestratorDeps;
  readonly log: EventLog;
  /** PostgreSQL URL of the database in which DBOS keeps the workflows' records. */
  readonly databaseUrl: string;
  /** Names this run of this worker among all. */
  readonly executorId: string;
  /** `application_name` of the engine's connections. */
  readonly sessionName: string;
  /** Takes an event that one of its groups could not react to; see `Consumption`. */
  readonly onDead: (group: string, event: StoredEvent, error: unknown) => Promise<void>;
  readonly logger: Logger;
}

export interface Orchestrator {
  /** How it reacts to events, for events that are handed to it again. */
  readonly takers: readonly Taker[];
  /** Asks a workflow that waits after a failure to try again now. False when there is none waiting under this id. */
  retry(workflowId: string): Promise<boolean>;
  /** Runs a workflow that has ended again from a step. */
  rewind(workflowId: string, step: string): Promise<Rewound>;
  /** How many unfinished workflows only another release can go on with, by its `WORKFLOW_VERSION`. */
  workOfOtherReleases(): Promise<ReadonlyMap<string, number>>;
  /**
   * Workflows that ended without having done their work, the oldest first, each with the last step of its record: the record is of
   * another sequence of steps, or the code between two steps failed. A step that fails never ends its workflow.
   */
  stoppedWork(): Promise<readonly { readonly workflowId: string; readonly lastStep: string | null }[]>;
  /** Takes over the unfinished workflows of a worker that is gone: the living share them. */
  adopt(executorId: string): Promise<void>;
  /** Shares the orders with these living workers, of which it is one; comes every second (`sharing.ts`). */
  shareWith(executorIds: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Version of the workflows' step sequence. DBOS takes up unfinished workflows of the same version only:
 * raise it when steps are added, removed or reordered, and say so in the changelog: a worker of the old release has to
 * finish what it began (docs/adr/0021).
 */
const WORKFLOW_VERSION = '2';

/** A transaction of the engine that does nothing for so long was forgotten: the server ends it and frees its locks. */
const IDLE_IN_TRANSACTION_MILLIS = 60_000;

/** How long the server may keep the start waiting for its first answer. */
const DATABASE_MILLIS = 300_000;
const LAUNCH_POLL_MILLIS = 200;

/** Launches the engine, which migrates its database: one process after another, or they would meet in its catalogue. */
async function launchInTurn({ databaseUrl, sessionName, logger }: OrchestratorOptions): Promise<void> {
  const turn = await patiently({ logger, waitMillis: DATABASE_MILLIS }, () => takeTurn(databaseUrl, sessionName));
  try {
    await DBOS.launch();
  } finally {
    await turn.end().catch(() => undefined);
  }
}

/** @returns a connection that has the lock, and gives it back when it ends. @throws CommerceError DATABASE_UNAVAILABLE */
async function takeTurn(databaseUrl: string, sessionName: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: sessionName });
  client.on('error', () => undefined); // the lock is gone then, and the launch fails by itself if it must
  try {
    await client.connect();
    // Asked again and again: a statement that waited for the lock would itself keep the engine's concurrent index builds waiting.
    while (!(await tryLaunchLock(client))) await sleep(LAUNCH_POLL_MILLIS);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw databaseFailure(error);
  }
}

async function tryLaunchLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    "select pg_try_advisory_lock(hashtextextended('commerce-workflows:launch', 0)) as locked",
  );
  return rows[0].locked;
}

/** Starts the durable workflows and feeds them from the event log. One per process: DBOS is a singleton. */
export async function startOrchestrator(options: OrchestratorOptions): Promise<Orchestrator> {
  const { deps, logger } = options;
  await patiently({ logger, waitMillis: DATABASE_MILLIS }, () => ensureDatabase(options.databaseUrl));
  // Our own pool: the engine's sets its session timeout with a query that pg calls deprecated.
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: 10,
    application_name: options.sessionName,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MILLIS,
  });
  // A connection may end while the engine holds it; without a listener that would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', (error) => logger.warn({ err: error }, 'a connection of the workflow engine was lost'));
  DBOS.setConfig({
    name: 'commerce-orders',
    systemDatabaseUrl: options.databaseUrl,
    systemDatabasePool: pool,
    applicationVersion: WORKFLOW_VERSION,
    executorID: options.executorId,
    listenQueues: [ownQueue(WORKFLOW_VERSION, options.executorId)],
    logLevel: 'error',
    enableOTLP: false,
  });
  const registered = {
    fulfilOrder: DBOS.registerWorkflow((input: Parameters<typeof fulfilOrder>[1]) => fulfilOrder(deps, input), {
      name: 'fulfilOrder',
    }),
    sourceAgain: DBOS.registerWorkflow((input: Parameters<typeof sourceAgain>[1]) => sourceAgain(deps, input), {
      name: 'sourceAgain',
    }),
    allocateBackorder: DBOS.registerWorkflow(
      (input: Parameters<typeof allocateBackorder>[1]) => allocateBackorder(deps, input),
      { name: 'allocateBackorder' },
    ),
    ship: DBOS.registerWorkflow((input: Parameters<typeof ship>[1]) => ship(deps, input), { name: 'ship' }),
    returnGoods: DBOS.registerWorkflow((input: Parameters<typeof returnGoods>[1]) => returnGoods(deps, input), {
      name: 'returnGoods',
    }),
    refundReturn: DBOS.registerWorkflow((input: Parameters<typeof refundReturn>[1]) => refundReturn(deps, input), {
      name: 'refundReturn',
    }),
    issueReturnLabel: DBOS.registerWorkflow(
      (input: Parameters<typeof issueReturnLabel>[1]) => issueReturnLabel(deps, input),
      { name: 'issueReturnLabel' },
    ),
    askNodes: DBOS.registerWorkflow((input: Parameters<typeof askNodes>[1]) => askNodes(deps, input), {
      name: 'askNodes',
    }),
    cancelUnits: DBOS.registerWorkflow((input: Parameters<typeof cancelUnits>[1]) => cancelUnits(deps, input), {
      name: 'cancelUnits',
    }),
    withdrawWork: DBOS.registerWorkflow((input: Parameters<typeof withdrawWork>[1]) => withdrawWork(deps, input), {
      name: 'withdrawWork',
    }),
    settleWithdrawal: DBOS.registerWorkflow(
      (input: Parameters<typeof settleWithdrawal>[1]) => settleWithdrawal(deps, input),
      {
        name: 'settleWithdrawal',
      },
    ),
    releaseOpened: DBOS.registerWorkflow((input: Parameters<typeof releaseOpened>[1]) => releaseOpened(deps, input), {
      name: 'releaseOpened',
    }),
  };
  await launchInTurn(options);
  const sharing = await patiently({ logger, waitMillis: DATABASE_MILLIS }, () =>
    joinSharing(pool, WORKFLOW_VERSION, options.executorId),
  );

  const started =
    <Input extends { readonly orderId: string }>(workflow: (input: Input) => Promise<void>) =>
    async (workflowID: string, input: Input) =>
      void (await DBOS.startWorkflow(workflow, { workflowID, ...queued(sharing.queueFor(input.orderId)) })(input));
  const workflows: Workflows = {
    fulfilOrder: started(registered.fulfilOrder),
    sourceAgain: started(registered.sourceAgain),
    allocateBackorder: started(registered.allocateBackorder),
    ship: started(registered.ship),
    returnGoods: started(registered.returnGoods),
    refundReturn: started(registered.refundReturn),
    issueReturnLabel: started(registered.issueReturnLabel),
    askNodes: started(registered.askNodes),
    cancelUnits: started(registered.cancelUnits),
    withdrawWork: started(registered.withdrawWork),
    settleWithdrawal: started(registered.settleWithdrawal),
    releaseOpened: started(registered.releaseOpened),
  };

  const stopping = new AbortController();
  const reactions = {
    group: 'orchestrator',
    types: [...REACTED_TYPES],
    handler: (event: StoredEvent<ReactedType>) => react(event, deps, workflows),
  };
  // A consumption of its own: who waits for stock delays nobody's order.
  const arrivals = {
    group: 'orchestrator:waiting-units',
    types: ['inventory-changed.v1' as const],
    handler: (event: StoredEvent<'inventory-changed.v1'>) => reactToStock(event, deps),
  };
  // Another, for the same reason: a bulk retry of thousands tells of each.
  const news = {
    group: 'orchestrator:exceptions',
    types: [...EXCEPTION_NEWS],
    handler: (event: ExceptionNews) => noteException(event, deps),
  };
  const { signal } = stopping;
  const onDead = (group: string) => (event: StoredEvent, error: unknown) => options.onDead(group, event, error);
  const consumers = [
    options.log.consume({ ...reactions, signal, onDead: onDead(reactions.group) }),
    options.log.consume({ ...arrivals, signal, onDead: onDead(arrivals.group) }),
    options.log.consume({ ...news, signal, onDead: onDead(news.group) }),
  ];

  return {
    takers: [takerOf(reactions), takerOf(arrivals), takerOf(news)],
    rewind,
    async retry(workflowId) {
      const status = await DBOS.getWorkflowStatus(workflowId);
      if (status?.status !== 'PENDING') return false;
      await DBOS.send(workflowId, 'now', RETRY_TOPIC);
      return true;
    },
    async workOfOtherReleases() {
      const { rows } = await pool.query<{ version: string; count: number }>(
        `select coalesce(application_version, 'unknown') as version, count(*)::int as count from dbos.workflow_status
         where status in ('PENDING', 'ENQUEUED') and application_version is distinct from $1 group by 1 order by 1`,
        [WORKFLOW_VERSION],
      );
      return new Map(rows.map((row) => [row.version, row.count]));
    },
    async stoppedWork() {
      const { rows } = await pool.query<{ workflowId: string; lastStep: string | null }>(
        `select workflow_uuid as "workflowId", (select function_name from dbos.operation_outputs done
           where done.workflow_uuid = stopped.workflow_uuid and function_name not like 'DBOS.%' order by function_id desc limit 1) as "lastStep"
         from dbos.workflow_status stopped where status in ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED') order by created_at, workflow_uuid`,
      );
      return rows;
    },
    async adopt(executorId) {
      const unfinished = await DBOS.listWorkflows({
        executorId,
        status: 'PENDING',
        applicationVersion: WORKFLOW_VERSION,
        loadInput: false,
        loadOutput: false,
      });
      await sharing.forget(executorId);
      for (const [queueName, ids] of sharing.spread(unfinished.map((workflow) => workflow.workflowID)))
        await DBOS.resumeWorkflows(ids, { queueName });
    },
    shareWith: (executorIds) => sharing.look(executorIds),
    async stop() {
      stopping.abort();
      await Promise.all(consumers);
      await sharing.leave();
      await DBOS.shutdown();
      await pool.end();
    },
  };
}

function queued(queueName: string | undefined): { queueName?: string } {
  return queueName === undefined ? {} : { queueName };
}
