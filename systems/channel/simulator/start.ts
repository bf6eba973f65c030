import type { Knex } from 'knex';
import { z } from 'zod';
import { type Route, route } from '../../kit/route.ts';
import { type RunningSystem, type StartSystemOptions, startSystem } from '../../kit/start-system.ts';
import { blocking, listingUpdate, saleNotice, voidRequest } from '../wire.ts';
import { block, readListings, takeUpdate, updateResult } from './listings.ts';
import { migrations } from './migrations.ts';
import { askForVoid, takeNotice } from './notices.ts';
import { readSale } from './sales.ts';

/** Starts the reference marketplace: it is told what became of its sales, and what its sellers list. Updates of listings are applied after the pace. */
export function startChannelSystem(options: StartSystemOptions): Promise<RunningSystem> {
  return startSystem('channel', migrations, options, async (knex) => ({
    routes: routes(knex, options.paceMillis),
    startWorkers: () => [],
    async effects() {
      const { rows } = await knex.raw<{ rows: { kind: string; times: string }[] }>(
        'select kind, count(*) as times from channel.notice group by kind',
      );
      return Object.fromEntries(rows.map(({ kind, times }) => [kind, Number(times)]));
    },
  }));
}

function routes(knex: Knex, paceMillis: number): Route[] {
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
    route({
      method: 'POST',
      path: '/marketplaces/:marketplace/listing-updates',
      body: listingUpdate,
      handle: async ({ params, body }) => ({
        status: 202,
        body: { updateNo: await takeUpdate(knex, params.marketplace, body) },
      }),
    }),
    route({
      method: 'GET',
      path: '/marketplaces/:marketplace/listing-updates/:updateNo',
      handle: async ({ params }) => ({
        body: await updateResult(knex, params.marketplace, params.updateNo, paceMillis),
      }),
    }),
    route({
      method: 'GET',
      path: '/marketplaces/:marketplace/listings',
      query: z.object({ after: z.string().max(100).default('') }),
      handle: async ({ params, query }) => ({ body: await readListings(knex, params.marketplace, query.after) }),
    }),
    route({
      method: 'POST',
      path: '/marketplaces/:marketplace/listings/:itemNo/blocking',
      body: blocking,
      async handle({ params, body }) {
        await block(knex, params.marketplace, params.itemNo, body.reasonCode);
        return { body: {} };
      },
    }),
  ];
}
