import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { projectFile } from '../../platform/paths.ts';
import type { RunningGateway } from '../capture/gateway.ts';
import type { Order, Told } from './subscriber-process.ts';

/** Subscribers of one SKU's stock that do the same at the same time. */
export interface Group {
  readonly sku: string;
  readonly subscribers: number;
  readonly kind: 'sse' | 'socket';
  /** Subscribes to messages of 20 kB. */
  readonly isLong?: boolean;
}

/** What all processes of a crowd told. */
export interface CrowdTold {
  readonly open: number;
  /** How often somebody had to come again, by what he was told. */
  readonly refused: ReadonlyMap<string, number>;
  readonly millis: readonly number[];
}

/** Subscribers in processes of their own, one for each group. */
export class Crowd {
  readonly #children: readonly ChildProcess[];

  constructor(gateway: RunningGateway, groups: readonly Group[]) {
    this.#children = groups.map(({ sku, subscribers, kind, isLong }) => {
      const env = { URL: gateway.url, KEY: gateway.key, SKU: sku, COUNT: String(subscribers), KIND: kind };
      return fork(projectFile('dist', 'bench', 'edge', 'subscriber-process.js'), {
        env: { ...env, LONG: isLong ? 'yes' : '' },
      });
    });
  }

  /** Resolves when all have done it. A process of subscribers that ends is an error. */
  async tell(order: Order): Promise<CrowdTold> {
    const all = await Promise.all(this.#children.map((child) => ask(child, order)));
    const refused = new Map<string, number>();
    for (const told of all)
      for (const [reason, times] of Object.entries(told.refused))
        refused.set(reason, (refused.get(reason) ?? 0) + times);
    return {
      open: all.reduce((sum, told) => sum + told.open, 0),
      refused,
      millis: all.flatMap((told) => told.millis),
    };
  }

  end(): void {
    for (const child of this.#children) child.kill();
  }
}

async function ask(child: ChildProcess, order: Order): Promise<Told> {
  const answered = new AbortController();
  const { signal } = answered;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of subscribers ended with ${code}`);
  });
  ended.catch(() => undefined); // also rejects when the answer was first
  child.send(order);
  try {
    const [told] = (await Promise.race([once(child, 'message', { signal }), ended])) as [Told];
    return told;
  } finally {
    answered.abort();
  }
}
