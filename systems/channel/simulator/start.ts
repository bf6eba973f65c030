import type { Knex } from 'knex';
import { type Route, route } from '../../kit/route.ts';
import { type RunningSystem, type StartSystemOptions, startSystem } from '../../kit/start-system.ts';
import { saleNotice, voidRequest } from '../wire.ts';
import { migrations } from './migrations.ts';
import { askForVoid, takeNotice } from './notices.ts';
import { readSale } from './sales.ts';

/** Starts the reference marketplace: it is told what became of its sales, and keeps books of it. Nothing takes it time. */
export function startChannelSystem(options: StartSystemOptions): Promise<RunningSystem> {
  return startSystem('channel', migrations, options, async (knex) => ({
    routes: routes(knex),
    startWorkers: () => [],
    async effects() {
      const { rows } = await knex.raw<{ rows: { kind: string; times: string }[] }>(
        'select kind, count(*) as times from channel.notice group by kind',
      );
      return Object.fromEntries(rows.map(({ kind, times }) => [kind, Number(times)]));
    },
  }));
}

function routes(knex: Knex): Route[] {
  return [
    route({
      method: 'POST',
      path: '/marketplaces/:marketplace/sales/:saleNo/notices',
      body: saleNotice,
      async handle({ params, body }) {
        const created = await takeNotice(knex, params, body);
        return { status: created ? 201 : 200, body: await readSale(knex, params) };
      },
    }),
    route({
      method: 'POST',
      path: '/marketplaces/:marketplace/sales/:saleNo/void-requests',
      body: voidRequest,
      async handle({ params, body }) {
        await readSale(knex, params);
        await askForVoid(knex, params, body.requestRef);
        return { body: await readSale(knex, params) };
      },
    }),
    route({
      method: 'GET',
      path: '/marketplaces/:marketplace/sales/:saleNo',
      handle: async ({ params }) => ({ body: await readSale(knex, params) }),
    }),
  ];
}
