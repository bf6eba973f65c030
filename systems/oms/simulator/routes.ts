import type { Knex } from 'knex';
import { z } from 'zod';
import type { Bell } from '../../kit/bell.ts';
import { feedQuery, readFeed } from '../../kit/feed.ts';
import { unknownRecord } from '../../kit/refusal.ts';
import { type Reply, type Route, route } from '../../kit/route.ts';
import {
  cancellationNotice,
  type DeskOrder,
  deskOrderRequest,
  dispatchNotice,
  marketplaceOrderRequest,
  returnNotice,
} from '../wire.ts';
import { findDeskOrder, newestChange, readDeskOrderChanges } from './desk-orders.ts';
import { receiveMarketplaceOrder, registerDeskOrder } from './intake.ts';
import { completeDeskOrder, type Notice, takeNotice } from './notices.ts';

const deskOrdersQuery = feedQuery.extend({ origin: z.enum(['CLIENT', 'MARKETPLACE']).optional() });

/** Everything the desk answers to. @param acknowledgeAfterMillis from an order's registration to its acknowledgement */
export function deskRoutes(knex: Knex, bell: Bell, acknowledgeAfterMillis: number): Route[] {
  const written = ({ order, created }: { order: DeskOrder; created: boolean }): Reply => {
    bell.ring();
    return { status: created ? 201 : 200, body: order };
  };
  const notice = async (deskNo: string, sent: Notice) => written(await takeNotice(knex, deskNo, sent));

  return [
    route({
      method: 'POST',
      path: '/desk-orders',
      body: deskOrderRequest,
      handle: async ({ body }) => written(await registerDeskOrder(knex, body, acknowledgeAfterMillis)),
    }),
    route({
      method: 'POST',
      path: '/marketplace-orders',
      body: marketplaceOrderRequest,
      handle: async ({ body }) => written(await receiveMarketplaceOrder(knex, body)),
    }),
    route({
      method: 'GET',
      path: '/desk-orders',
      query: deskOrdersQuery,
      feedList: 'deskOrders',
      async handle({ query, signal }) {
        const read = () => readDeskOrderChanges(knex, query.after, query.limit, query.origin ?? null);
        const deskOrders = await readFeed({ bell, waitSeconds: query.wait, signal, read });
        return { body: { deskOrders, head: await newestChange(knex) } };
      },
    }),
    route({
      method: 'GET',
      path: '/desk-orders/by-reference/:clientRef',
      async handle({ params }) {
        const found = await findDeskOrder(knex, 'client_ref', params.clientRef);
        if (!found) throw unknownRecord('DESK_ORDER', params.clientRef);
        return { body: found };
      },
    }),
    route({
      method: 'GET',
      path: '/desk-orders/:deskNo',
      async handle({ params }) {
        const found = await findDeskOrder(knex, 'desk_no', params.deskNo);
        if (!found) throw unknownRecord('DESK_ORDER', params.deskNo);
        return { body: found };
      },
    }),
    route({
      method: 'POST',
      path: '/desk-orders/:deskNo/dispatches',
      body: dispatchNotice,
      handle: ({ params, body }) => notice(params.deskNo, { kind: 'DISPATCH', body }),
    }),
    route({
      method: 'POST',
      path: '/desk-orders/:deskNo/cancellations',
      body: cancellationNotice,
      handle: ({ params, body }) => notice(params.deskNo, { kind: 'CANCELLATION', body }),
    }),
    route({
      method: 'POST',
      path: '/desk-orders/:deskNo/returns',
      body: returnNotice,
      handle: ({ params, body }) => notice(params.deskNo, { kind: 'RETURN', body }),
    }),
    route({
      method: 'POST',
      path: '/desk-orders/:deskNo/completion',
      async handle({ params }) {
        return written({ order: await completeDeskOrder(knex, params.deskNo), created: false });
      },
    }),
  ];
}
