import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { sleep } from '../../platform/clock.ts';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { freePort, type KeptProcess, keepProcess, type ProcessPlan } from '../chaos/processes.ts';
import { withDatabase } from '../chaos/shop.ts';
import { contractOperation } from '../helpers/contract-operations.ts';
import { type Answer, send } from '../helpers/platform.ts';
import { openWire, type Wire } from './wire.ts';

const SYSTEMS = ['carrier', 'erp', 'oms', 'wms', 'channel'] as const;
export type System = (typeof SYSTEMS)[number];

/** Every reference system takes it: the script is also their staff, their operator and their saboteur. */
const TOKEN = 'a token of the week that is long enough';
const PACE_MILLIS = 400;
const PATIENCE_MILLIS = 120_000;
/** Before a request is repeated. */
const PAUSE_MILLIS = 500;

export interface PlacedOrder {
  readonly id: string;
  readonly number: string;
  readonly channelOrderId: string | null;
}

/** Work of an order at a node. */
export interface Work {
  readonly id: string;
  readonly status: string;
  readonly requestStatus: string;
  readonly site: string;
}

export type Retailer = Awaited<ReturnType<typeof openRetailer>>;

/** The platform as `npm start` runs it, with each system of record as a process of its own, and hands to reach all of them. */
export async function openRetailer(options: { readonly databaseUrl: string; readonly folder: string }) {
  const common: Record<string, string> = {
    DATABASE_URL: options.databaseUrl,
    DATA_DIR: options.folder,
    SUBGRAPH_SECRET: 'a secret for the week that is long enough',
    DEMO_PACE_MS: String(PACE_MILLIS),
    LOG_LEVEL: 'info',
    DATABASE_POOL_MAX: '10',
  };
  const plans = new Map<System, ProcessPlan>();
  const running = new Map<System | 'platform', KeptProcess>();
  const urls: Partial<Record<System, string>> = {};
  const wires = new Map<System, Wire>();
  for (const name of SYSTEMS) {
    const port = await freePort();
    urls[name] = `http://127.0.0.1:${port}`;
    // The platform reaches each over a wire; we do not.
    const wire = await openWire(port);
    wires.set(name, wire);
    common[`${name.toUpperCase()}_URL`] = wire.url;
    common[`${name.toUpperCase()}_TOKEN`] = TOKEN;
    plans.set(name, { name, entry: 'system', args: [name], up: 'system listens', env: { ...common, SYSTEM_PORT: String(port) } }); // biome-ignore format: a table
  }
  const start = async (name: System) => {
    const kept = keepProcess(plans.get(name) as ProcessPlan, options.folder);
    running.set(name, kept);
    await kept.untilUp();
  };
  // The carrier first: the warehouse hands it parcels.
  for (const name of SYSTEMS) await start(name);
  const port = await freePort();
  const gateway = `http://127.0.0.1:${port}`;
  const platform = keepProcess({ name: 'platform', entry: 'main', args: [], up: 'gateway listens', env: { ...common, PORT: String(port) } }, options.folder); // biome-ignore format: a table
  running.set('platform', platform);
  await platform.untilUp();

  const databaseOf = (name: System) => siblingDatabase(options.databaseUrl, `commerce_${name}`);
  const rows = <Row extends pg.QueryResultRow>(url: string, statement: string, values: readonly unknown[] = []): Promise<Row[]> =>
    withDatabase(url, async (client) => (await client.query<Row>(statement, [...values])).rows); // biome-ignore format: one thought

  /** Asks in our own store, or in the books of a system of record. */
  const inStore = <Row extends pg.QueryResultRow>(statement: string, values?: readonly unknown[]) => rows<Row>(options.databaseUrl, statement, values); // biome-ignore format: one thought
  const inSystem = <Row extends pg.QueryResultRow>(name: System, statement: string, values?: readonly unknown[]) => rows<Row>(databaseOf(name), statement, values); // biome-ignore format: one thought

  /** As a client that loses nothing: what may be repeated is repeated as it is, so under the same key, until it is answered. */
  async function answered(what: string, key: string, document: string, variables: object): Promise<Answer['data']> {
    for (const deadline = Date.now() + PATIENCE_MILLIS; ; await sleep(PAUSE_MILLIS)) {
      const answer = await send(gateway, `dev-${key}`, document, variables).catch((lost: Error) => lost);
      if (!(answer instanceof Error) && !answer.errors) return answer.data;
      const mayRepeat = answer instanceof Error || answer.errors?.some(({ extensions }) => extensions.retryable);
      if (!mayRepeat || Date.now() > deadline)
        throw new Error(`${what}: ${answer instanceof Error ? answer.message : JSON.stringify(answer.errors)}`);
    }
  }
  const run = (contract: string, operation: string, variables: object) =>
    answered(`${contract} ${operation}`, contract, contractOperation(contract, operation).document, variables);
  const ask = (key: string, document: string, variables: object = {}) =>
    answered(document.slice(0, 60), key, document, variables);
  /** What staff and operators of a system of record do. */
  async function call(name: System, method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${urls[name]}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${name} ${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }
  const traceOf = async ({ number }: Pick<PlacedOrder, 'number'>) => (await run('operations', 'OrderTrace', { number })).orderByNumber; // biome-ignore format: one thought

  return {
    inStore,
    inSystem,
    run,
    ask,
    call,
    traceOf,
    faults: (name: System, rules: readonly object[]) => call(name, 'POST', '/_faults', rules),
    heal: (name: System) => call(name, 'DELETE', '/_faults'),
    /** Lets a system's answers trickle. Null: no more. */
    slow: (name: System, bytesPerSecond: number | null) => wires.get(name)?.setRate(bytesPerSecond),
    stop: async (name: System) => {
      await running.get(name)?.stop();
    },
    start,
    async close() {
      await Promise.all([...running.values()].map((kept) => kept.stop()));
      for (const wire of wires.values()) wire.close();
    },
    worksOf: async (order: PlacedOrder): Promise<Work[]> =>
      (await traceOf(order)).fulfillmentOrders.map((work: { id: string; status: string; requestStatus: string; location: { code: string } }) => ({
        ...work,
        site: work.location.code,
      })), // biome-ignore format: one thought
    deliveryOf: async (workId: string): Promise<{ deliveryNo: string; status: string; cancellation: string | null } | undefined> =>
      (await inSystem<{ deliveryNo: string; status: string; cancellation: string | null }>('wms', 'select delivery_no as "deliveryNo", status, cancellation from wms.delivery where external_ref = $1', [workId]))[0], // biome-ignore format: one thought
    statusOf: async (order: PlacedOrder): Promise<string> => (await traceOf(order)).status,

    /** Buys lines, delivered to a town near one of the nodes, or collected at a location. */
    async place(
      contract: 'storefront' | 'marketplace',
      lines: readonly { readonly sku: string; readonly quantity: number }[],
      where: { readonly postalCode: string } | { readonly locationId: string } = { postalCode: 'N1 1AA' },
    ): Promise<PlacedOrder> {
      const channelOrderId = contract === 'marketplace' ? `026-${randomUUID().slice(0, 13)}` : null;
      const delivery =
        'locationId' in where
          ? { method: 'PICK_UP', locationId: where.locationId }
          : { method: 'SHIPPING', address: { name: 'Ada Buyer', line1: '1 High Street', city: 'Town', postalCode: where.postalCode, countryCode: 'GB' } }; // biome-ignore format: a table
      const input = {
        idempotencyKey: randomUUID(),
        ...(channelOrderId === null ? {} : { channelOrderId }),
        currencyCode: 'GBP',
        lines,
        delivery,
        payment: { reference: randomUUID(), provider: 'test', authorized: { amount: '5000.00', currencyCode: 'GBP' } },
      };
      const data = await run(contract, contract === 'marketplace' ? 'ImportOrder' : 'PlaceOrder', { input });
      const { order, userErrors } = data.orderPlace;
      if (!order) throw new Error(`an order was not taken: ${JSON.stringify({ userErrors, lines })}`);
      return { id: order.id, number: order.number, channelOrderId };
    },
  };
}

/** Waits until something is so. @throws Error that says what was waited for */
export async function until(what: string, condition: () => Promise<boolean>, millis = PATIENCE_MILLIS): Promise<void> {
  for (const deadline = Date.now() + millis; !(await condition()); await sleep(100))
    if (Date.now() > deadline) throw new Error(`not within ${millis / 1_000} s: ${what}`);
}
