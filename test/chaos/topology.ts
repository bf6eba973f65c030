import { freePort, type KeptProcess, keepProcess, type ProcessPlan } from './processes.ts';

const SYSTEMS = ['carrier', 'erp', 'oms', 'wms', 'channel'] as const;
const SINGLE_SUBGRAPHS = ['product', 'fulfillment', 'settlement', 'operations'] as const;
const WORKERS = 2;

/** Of the reference warehouse system, for those who play its staff. */
export const WMS_TOKEN = 'a token for the warehouse that is long enough';

export interface Topology {
  /** Base URL of the reference warehouse system. */
  readonly wms: string;
  readonly processes: readonly KeptProcess[];
  /** One per order process: a gateway, its order subgraph and its inventory subgraph are one lane. */
  readonly gateways: readonly string[];
}

/**
 * The processes of an installation: reference systems, workers, subgraphs, gateways. `lanes` order subgraphs, inventory
 * subgraphs and gateways share one database; a client that repeats a request may come through another lane.
 */
export async function startTopology(options: {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly lanes: number;
  readonly paceMillis: number;
  /** By when orders have to be paid; else as config/payments.yaml says. */
  readonly paymentsFile?: string;
  /** How many workers share the work. Default 2. */
  readonly workerCount?: number;
  /** Node's options for the workers, their arguments behind the name, and what else is in their environment. */
  readonly workers?: {
    readonly nodeArgs: readonly string[];
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
}): Promise<Topology> {
  const workers = options.workers ?? { nodeArgs: [], args: [], env: {} };
  const common: Record<string, string> = {
    DATABASE_URL: options.databaseUrl,
    DATA_DIR: options.folder,
    DATABASE_POOL_MAX: '6',
    SUBGRAPH_SECRET: 'a secret for chaos that is long enough',
    DEMO_PACE_MS: String(options.paceMillis),
    WMS_TOKEN,
    LOG_LEVEL: 'info',
    ...(options.paymentsFile ? { PAYMENTS_FILE: options.paymentsFile } : {}),
    ...(process.env.REDIS_URL ? { REDIS_URL: process.env.REDIS_URL } : {}),
  };
  const plans: ProcessPlan[] = [];
  const add = (name: string, entry: string, args: readonly string[], up: string, env: Readonly<Record<string, string>>, nodeArgs: readonly string[] = []) =>
    plans.push({ name, entry, args, up, nodeArgs, env: { ...common, ...env } }); // biome-ignore format: one thought
  const url = (port: number) => `http://127.0.0.1:${port}`;

  for (const name of SYSTEMS) {
    const port = await freePort();
    common[`${name.toUpperCase()}_URL`] = url(port);
    add(name, 'system', [name], 'system listens', { SYSTEM_PORT: String(port) });
  }
  const subgraph = async (name: string, label: string) => {
    const port = await freePort();
    add(label, 'subgraph', [name], 'subgraph listens', { SUBGRAPH_PORT: String(port) });
    return { [`${name.toUpperCase()}_URL`]: `${url(port)}/graphql` };
  };
  for (const name of SINGLE_SUBGRAPHS) Object.assign(common, await subgraph(name, name));
  for (let worker = 1; worker <= (options.workerCount ?? WORKERS); worker++) add(`worker-${worker}`, 'worker-process', [`worker-${worker}`, ...workers.args], 'worker runs', workers.env, workers.nodeArgs); // biome-ignore format: one thought

  const gateways: string[] = [];
  for (let lane = 1; lane <= options.lanes; lane++) {
    const port = await freePort();
    const urls = {
      ...(await subgraph('order', `order-${lane}`)),
      ...(await subgraph('inventory', `inventory-${lane}`)),
    };
    add(`gateway-${lane}`, 'gateway', [], 'gateway listens', { ...urls, PORT: String(port) });
    gateways.push(url(port));
  }
  return { processes: await startAll(plans, options.folder), gateways, wms: common.WMS_URL ?? '' };
}

/** A few at a time: all at once would only wait for each other. The first one migrates the database alone. */
async function startAll(plans: readonly ProcessPlan[], folder: string): Promise<KeptProcess[]> {
  const started: KeptProcess[] = [];
  const waiting = [...plans];
  const startNext = async () => {
    for (let plan = waiting.shift(); plan; plan = waiting.shift()) {
      const kept = keepProcess(plan, folder);
      started.push(kept);
      await kept.untilUp();
    }
  };
  try {
    await Promise.all([startNext(), startNext(), startNext()]);
  } catch (error) {
    waiting.length = 0; // nobody else knows of them: they would outlive this run
    await Promise.all(started.map((process) => process.stop()));
    throw error;
  }
  return started;
}
