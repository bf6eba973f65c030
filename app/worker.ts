import { setMaxListeners } from 'node:events';
import type { Knex } from 'knex';
import type { EventBackbone } from '../events/backbone.ts';
import { takerOf } from '../events/taker.ts';
import { startOrchestrator } from '../orchestrator/worker.ts';
import { sleep } from '../platform/clock.ts';
import { openDatabase } from '../platform/db/database.ts';
import { patiently } from '../platform/db/patiently.ts';
import { storeTime } from '../platform/db/store-time.ts';
import { pruneIdempotencyKeys } from '../platform/idempotency/prune.ts';
import { liveWorkerIds, type WorkerIdentity, workerLease } from '../platform/lease/worker-lease.ts';
import type { Logger } from '../platform/logger.ts';
import type { UntrackedRule } from '../subgraphs/fulfillment/index.ts';
import type { Domains } from './domains.ts';
import { tellOfLeftWork } from './left-work.ts';
import { runReconciliation } from './reconciliation.ts';
import { takeEventsAgain, takeNoticesAgain } from './set-aside.ts';
import { runThreePlFolders } from './three-pl.ts';
import { startWebhooks } from './webhooks.ts';

export interface WorkerOptions {
  readonly knex: Knex;
  readonly domains: Domains;
  readonly backbone: EventBackbone;
  readonly databaseUrl: string;
  readonly dbosUrl: string;
  /** What an operator calls the worker. */
  readonly name: string;
  /** All connections of the process bear its session name. */
  readonly identity: WorkerIdentity;
  /** How long answers to idempotency keys are kept, in days. */
  readonly idempotencyRetentionDays: number;
  /** Exceptions that bulk retries, and events that replays, hand out per second at most. */
  readonly deskJobsPerSecond: number;
  /** Minutes between comparisons with the systems of record; 0: only when somebody asks. */
  readonly reconciliationMinutes: number;
  /** How long a feed may stand still while entries wait, in seconds. */
  readonly feedStallSeconds: number;
  /** How long goods wait at a counter for their buyer, in days. */
  readonly pickupDays: number;
  /** What becomes of goods that left without a tracking number. */
  readonly untracked: UntrackedRule;
  /** Where webhooks of carriers and returns platforms are taken. Left out, or the port is null: nowhere. */
  readonly host?: string;
  readonly webhookPort?: number | null;
  readonly logger: Logger;
}

const PRUNE_EVERY_MILLIS = 3_600_000;
const RETRY_POLL_MILLIS = 1_000;
/** How often it is looked whether the time that a channel gives is nearly up. */
const DUTIES_EVERY_MILLIS = 5_000;
/** How late scheduled work may be opened. */
const WORK_POLL_MILLIS = 5_000;
/** How often it is looked whether work is left that nobody here goes on with. */
const LEFT_WORK_EVERY_MILLIS = 60_000;
/** Longest wait for the warehouse's sites, where the sourcing rules name one that is not known. */
const SITES_MILLIS = 5_000;
/** How late changed sourcing rules take effect. */
const RULES_EVERY_MILLIS = 3_000;
const PICKUP_POLL_MILLIS = 60_000;
/** How late an order may be cancelled that was not paid in time. */
const PAYMENTS_EVERY_MILLIS = 5_000;
/** How late a return may expire, and a person be told of one. */
const RETURNS_EVERY_MILLIS = 5_000;
/** How late a return may be taken that a buyer asked for elsewhere. */
const PLATFORM_RETURNS_EVERY_MILLIS = 1_000;
/** How late a person may be told of a parcel that does not reach its buyer. */
const PARCELS_EVERY_MILLIS = 5_000;
/** How often it is looked whether a system of record went silent or came back. */
const DEGRADATION_EVERY_MILLIS = 2_000;
/** How often it is looked whether a system works again for which work waits. */
const RECOVERED_EVERY_MILLIS = 2_000;
/** How often it is looked whether a feed stands still or moves again. */
const FEEDS_EVERY_MILLIS = 2_000;
/** A turn of bulk retries and replays: `deskJobsPerSecond` are per second for that reason. */
const DESK_JOB_MILLIS = 1_000;

/** How long a step of the start is tried again while the database does not answer it. */
const FIRST_STEP_MILLIS = 300_000;

/** A worker that is silent for so long is taken over by another, which looks every second: within 10 s in all. */
const LEASE_MILLIS = 5_000;
const LEASE_EVERY_MILLIS = 1_000;

/** Everything that happens without a request: relay, feeds, projections, workflows, housekeeping. */
export async function startWorker(options: WorkerOptions): Promise<{ stop(): Promise<void> }> {
  const { knex, domains, backbone, logger } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  setMaxListeners(0, signal); // all that runs waits for it
  const notices = domains.order.openNoticeSender();
  const orderFetch = domains.order.openOrderFetch();
  const channelStock = domains.inventory.openChannelStock();
  const channelPrices = domains.product.openChannelPrices();
  const carriers = domains.fulfillment.openTracking();
  const returnPlatforms = domains.order.openReturnPlatforms();
  const filesStock = domains.inventory.openFilesStock((err) => logger.warn({ err }, 'stock of 3PLs waits'));

  const firstly = <T>(step: () => Promise<T>) => patiently({ logger, waitMillis: FIRST_STEP_MILLIS }, step);
  await firstly(() => domains.order.verify());
  await firstly(() => domains.sourcing.verify(AbortSignal.timeout(SITES_MILLIS)));
  await firstly(() => domains.product.serving.configure());
  const relay = backbone.startRelay();
  const orchestrator = await startOrchestrator({
    deps: {
      get sourcing() {
        return domains.sourcing.current; // a changed file takes effect with the next decision
      },
      orders: domains.order.book,
      desk: domains.order.desk,
      fulfillment: domains.fulfillment.book,
      stock: domains.inventory.stock,
      warehouse: domains.fulfillment.nodes,
      carrier: domains.fulfillment.carrier,
      finance: domains.settlement.finance,
      exceptions: domains.operations.exceptions,
    },
    log: backbone.log,
    databaseUrl: options.dbosUrl,
    executorId: options.identity.id,
    sessionName: options.identity.sessionName,
    onDead: (group, event, error) => domains.operations.setAside(group, event, error),
    logger: logger.child({ component: 'orchestrator' }),
  });

  // A connection of its own: work that fills the pool must not make the worker look dead.
  const leaseKnex = openDatabase(options.databaseUrl, {
    poolMax: 2,
    applicationName: options.identity.sessionName,
    statementTimeoutMillis: LEASE_MILLIS,
  });
  const lease = workerLease(leaseKnex, options.identity, LEASE_MILLIS);
  await firstly(() => lease.renew());
  // Workers of releases without leases were known by their plain names.
  await firstly(() => orchestrator.adopt(options.name));

  await firstly(() => domains.fulfillment.understandAddedWords(domains.operations.exceptions.resolve));

  const { host = '127.0.0.1', webhookPort: port = null } = options;
  const takersOfWebhooks = [...carriers, ...returnPlatforms.takers];
  const webhooks =
    takersOfWebhooks.length === 0 || port === null
      ? null
      : await startWebhooks({ takers: takersOfWebhooks, host, port, logger: logger.child({ component: 'webhooks' }) });

  const takers = [
    takerOf(domains.product.sellable.consumption),
    takerOf(domains.settlement.orders),
    takerOf(domains.order.duties),
    takerOf(domains.order.notices),
    ...(channelStock ? [takerOf(channelStock.consumption)] : []),
    ...(channelPrices ? [takerOf(channelPrices.consumption)] : []),
    ...orchestrator.takers,
  ];
  domains.inventory.feed.start();
  domains.operations.health.start();
  const running = [
    domains.product.feed.run(signal),
    ...domains.fulfillment.feeds.map((feed) => feed.run(signal)),
    ...domains.settlement.feeds.map((feed) => feed.run(signal)),
    backbone.log.consume({
      ...domains.product.sellable.consumption,
      signal,
      onDead: (event, error) => domains.operations.setAside('product.sellable', event, error),
    }),
    backbone.log.consume({
      ...domains.settlement.orders,
      signal,
      onDead: (event, error) => domains.operations.setAside('settlement:orders', event, error),
    }),
    backbone.log.consume({
      ...domains.order.duties,
      signal,
      onDead: (event, error) => domains.operations.setAside(domains.order.duties.group, event, error),
    }),
    backbone.log.consume({
      ...domains.order.notices,
      signal,
      onDead: (event, error) => domains.operations.setAside(domains.order.notices.group, event, error),
    }),
    ...(channelStock
      ? [
          backbone.log.consume({
            ...channelStock.consumption,
            signal,
            onDead: (event, error) => domains.operations.setAside(channelStock.consumption.group, event, error),
          }),
          channelStock.teller.run(signal),
        ]
      : []),
    ...(channelPrices
      ? [
          backbone.log.consume({
            ...channelPrices.consumption,
            signal,
            onDead: (event, error) => domains.operations.setAside(channelPrices.consumption.group, event, error),
          }),
          channelPrices.run(signal),
        ]
      : []),
    notices.run(signal),
    orderFetch.run(signal),
    ...runThreePlFolders(domains.threePl, domains.operations.alarm('fulfillment'), logger, signal),
    ...carriers.flatMap((carrier) => carrier.run(signal)),
    ...(filesStock ? [filesStock.run(signal)] : []),
    every(DUTIES_EVERY_MILLIS, signal, logger, () => domains.order.escalateDuties()),
    every(PAYMENTS_EVERY_MILLIS, signal, logger, () => domains.order.cancelUnpaid()),
    every(RETURNS_EVERY_MILLIS, signal, logger, () => domains.order.keepReturns()),
    every(PLATFORM_RETURNS_EVERY_MILLIS, signal, logger, () => returnPlatforms.step()),
    every(PARCELS_EVERY_MILLIS, signal, logger, () => domains.fulfillment.tellOfStrandedParcels()),
    every(PARCELS_EVERY_MILLIS, signal, logger, () => domains.fulfillment.settleUntracked(options.untracked)),
    every(RETRY_POLL_MILLIS, signal, logger, () =>
      domains.operations.takeRetryRequests({
        retryWorkflow: (workflowId) => orchestrator.retry(workflowId),
        takeAgain: takeNoticesAgain(
          notices,
          takeEventsAgain(backbone.log, takers, {
            ...domains.fulfillment.takeAgain,
            ...Object.assign({}, ...carriers.map(({ takeAgain }) => takeAgain)),
            ...domains.settlement.takeAgain,
            ...domains.order.takeAgain(orderFetch),
            ...returnPlatforms.takeAgain,
            ...(channelStock ? { [channelStock.teller.by]: channelStock.teller.takeAgain } : {}),
            ...(channelPrices ? { [channelPrices.teller.by]: channelPrices.teller.takeAgain } : {}),
          }),
        ),
      }),
    ),
    every(DESK_JOB_MILLIS, signal, logger, () =>
      domains.operations.advanceJobs(
        { log: backbone.log, takers, rewind: orchestrator.rewind },
        options.deskJobsPerSecond,
      ),
    ),
    every(LEASE_EVERY_MILLIS, signal, logger, () => lease.renew()),
    every(LEASE_EVERY_MILLIS, signal, logger, async () => {
      const lost = await lease.takeOver((workerId) => orchestrator.adopt(workerId));
      for (const workerId of lost) logger.warn({ workerId }, 'a worker is gone; its work was taken over');
    }),
    every(LEASE_EVERY_MILLIS, signal, logger, async () => orchestrator.shareWith(await liveWorkerIds(leaseKnex))),
    every(DEGRADATION_EVERY_MILLIS, signal, logger, async () => {
      await domains.operations.watchDegradation(domains.inventory.announceAll, orchestrator.retry);
      await domains.order.releaseHeardHolds();
    }),
    every(RECOVERED_EVERY_MILLIS, signal, logger, () => domains.operations.wakeRecovered(orchestrator.retry)),
    every(FEEDS_EVERY_MILLIS, signal, logger, () => domains.operations.watchFeeds(options.feedStallSeconds)),
    runReconciliation(
      {
        knex,
        comparisons: domains.comparisons,
        desk: domains.operations.differences,
        everyMinutes: options.reconciliationMinutes,
        logger: logger.child({ component: 'reconciliation' }),
      },
      signal,
    ),
    every(LEFT_WORK_EVERY_MILLIS, signal, logger, () =>
      tellOfLeftWork(orchestrator, domains.operations.exceptions, logger),
    ),
    every(RULES_EVERY_MILLIS, signal, logger, () => domains.sourcing.look()),
    every(WORK_POLL_MILLIS, signal, logger, async () => domains.fulfillment.book.openScheduled(await storeTime(knex))),
    every(PICKUP_POLL_MILLIS, signal, logger, async () =>
      domains.fulfillment.book.expirePickups(
        new Date((await storeTime(knex)).getTime() - options.pickupDays * 86_400_000),
      ),
    ),
    every(PRUNE_EVERY_MILLIS, signal, logger, () => pruneIdempotencyKeys(knex, options.idempotencyRetentionDays)),
  ];

  return {
    async stop() {
      stopping.abort();
      await webhooks?.stop();
      await Promise.all([...running, domains.inventory.feed.stop(), domains.operations.health.stop()]);
      await orchestrator.stop();
      await relay.stop();
      await lease.giveUp();
      await leaseKnex.destroy();
    },
  };
}

/** Repeats a job until the signal aborts; a failure is logged and the job comes again. */
async function every(millis: number, signal: AbortSignal, logger: Logger, job: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    try {
      await job();
    } catch (error) {
      logger.warn({ err: error }, 'job failed');
    }
    await sleep(millis, signal);
  }
}
