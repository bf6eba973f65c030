import { cpuSecondsOf } from '../capture/cpu.ts';
import { type RunningGateway, startBenchGateway } from '../capture/gateway.ts';
import type { BenchWorld } from '../capture/world.ts';
import { chance, popular } from './chance.ts';
import { load } from './load.ts';
import { ShopClient } from './shop-client.ts';
import { isFound, mixedVisit, type Visit, visit } from './visits.ts';

export const SHOP_TRAFFIC: readonly (Visit | 'mixed')[] = ['listing', 'product page', 'order page', 'mixed'];

export interface ShopLoad {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Share of the answers and entities that may be kept and were; NaN where none may be. */
  readonly found: number;
  /** CPU milliseconds per request. */
  readonly gatewayMillis: number;
  readonly databaseMillis: number;
}

interface SideOptions {
  readonly name: string;
  readonly processes: number;
  /** For what is kept. */
  readonly megabytes: number;
  readonly clients: number;
  readonly sizes: { readonly goods: number; readonly orders: number };
}

/** One way to answer a shop: so many gateway processes, all set up alike, and the shop's clients. */
export class ShopSide {
  readonly name: string;
  readonly processes: number;
  readonly keeps: boolean;
  readonly #options: SideOptions;
  readonly #world: BenchWorld;
  readonly #gateways: readonly RunningGateway[];
  readonly #shops: readonly ShopClient[];

  private constructor(world: BenchWorld, options: SideOptions, gateways: readonly RunningGateway[]) {
    this.name = options.name;
    this.processes = options.processes;
    this.keeps = options.megabytes > 0;
    this.#options = options;
    this.#world = world;
    this.#gateways = gateways;
    this.#shops = gateways.map(({ url, key }) => new ShopClient(url, key, options.clients));
  }

  static async start(world: BenchWorld, options: SideOptions): Promise<ShopSide> {
    const gateways: RunningGateway[] = [];
    const env = { CACHE_MEGABYTES: String(options.megabytes) };
    for (let index = 0; index < options.processes; index++) {
      gateways.push(await startBenchGateway(world, 1, { env }));
    }
    return new ShopSide(world, options, gateways);
  }

  /**
   * @param seed equal seeds ask for the same, in the same order
   * @throws Error when an answer lacks what was asked for
   */
  async load(kind: Visit | 'mixed', seconds: number, seed: number): Promise<ShopLoad> {
    const random = chance(seed);
    const { clients, sizes } = this.#options;
    const wishes = {
      good: () => popular(sizes.goods, random()),
      order: () => 1 + Math.floor(random() * sizes.orders),
    };
    let next = 0;
    const send = () => {
      const shop = this.#shops[next++ % this.#shops.length] as ShopClient;
      return visit(shop, kind === 'mixed' ? mixedVisit(random()) : kind, wishes);
    };
    const before = [this.#cpu(), cpuSecondsOf(this.#world.postmaster, true), ...(await this.#outcomes())];
    const { good, perSecond, p50, p95, p99, failedPerSecond } = await load(clients, seconds, send, isFound);
    const after = [this.#cpu(), cpuSecondsOf(this.#world.postmaster, true), ...(await this.#outcomes())];
    if (failedPerSecond > 0)
      throw new Error(
        `${kind}, ${this.name}: ${failedPerSecond.toFixed(1)} per second did not find what they asked for`,
      );
    const [gateway = 0, database = 0, hits = 0, all = 0] = after.map((value, index) => value - (before[index] ?? 0));
    return {
      ...{ perSecond, p50, p95, p99 },
      found: hits / all,
      gatewayMillis: (gateway * 1_000) / good,
      databaseMillis: (database * 1_000) / good,
    };
  }

  async stop(): Promise<void> {
    for (const shop of this.#shops) await shop.close();
    for (const gateway of this.#gateways) await gateway.stop();
  }

  #cpu(): number {
    return this.#gateways.reduce((sum, { pid }) => sum + cpuSecondsOf(pid, false), 0);
  }

  /** What was kept, and all that may be, as the gateways have counted it. */
  async #outcomes(): Promise<[number, number]> {
    let [hits, all] = [0, 0];
    for (const { url } of this.#gateways) {
      const text = await (await fetch(`${url}/metrics`)).text();
      for (const [, outcome, count] of text.matchAll(/^gateway_cache_total\{.*outcome="(\w+)"\} (\S+)$/gm)) {
        all += Number(count);
        if (outcome === 'hit') hits += Number(count);
      }
    }
    return [hits, all];
  }
}
