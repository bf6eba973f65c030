import type { Knex } from 'knex';
import { z } from 'zod';
import type { Bell } from '../../kit/bell.ts';
import { feedQuery, readFeed } from '../../kit/feed.ts';
import { type Reply, type Route, route } from '../../kit/route.ts';
import { confirmation, confirmGoodsIssue } from './confirmation.ts';
import type { LockedDelivery } from './delivery.ts';
import { createDelivery, newDelivery } from './delivery-creation.ts';
import { lockDelivery, readDeliveries, readDelivery } from './delivery-store.ts';
import {
  acceptDelivery,
  answerCancellation,
  cancelDelivery,
  collectDelivery,
  refuseDelivery,
  stageDelivery,
  unstageDelivery,
} from './staff-actions.ts';

export interface DeliveryRouteOptions {
  readonly knex: Knex;
  readonly paceMillis: number;
  readonly carrierCode: string;
  readonly deliveriesChanged: Bell;
  readonly stockMoved: Bell;
  readonly parcelsPacked: Bell;
}

const listQuery = z.object({
  externalRef: z.string().optional(),
  site: z.string().optional(),
  status: z.string().optional(),
  /** `nextPage` of the page before. */
  page: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const consent = z.strictObject({ granted: z.boolean() });
const reason = z.strictObject({ reasonCode: z.string().trim().min(1).max(40) });

/** Outbound deliveries: ordering, watching, cancelling, and what staff do. */
export function deliveryRoutes(options: DeliveryRouteOptions): Route[] {
  const { knex, paceMillis, carrierCode } = options;

  /** Runs an action on the locked delivery, wakes whoever waits for it, and answers the delivery as it then is. */
  async function act(
    deliveryNo: string,
    action: (trx: Knex.Transaction, delivery: LockedDelivery) => Promise<boolean>,
  ): Promise<Reply> {
    const changed = await knex.transaction(async (trx) => action(trx, await lockDelivery(trx, deliveryNo)));
    if (changed) for (const bell of [options.deliveriesChanged, options.stockMoved, options.parcelsPacked]) bell.ring();
    return { body: await readDelivery(knex, deliveryNo) };
  }

  return [
    route({
      method: 'POST',
      path: '/outbound-deliveries',
      body: newDelivery,
      async handle({ body }) {
        const { deliveryNo, created } = await createDelivery(knex, body, paceMillis);
        if (created) options.deliveriesChanged.ring();
        return { status: created ? 201 : 200, body: await readDelivery(knex, deliveryNo) };
      },
    }),
    route({
      method: 'GET',
      path: '/outbound-deliveries',
      query: listQuery,
      async handle({ query: { page, ...filter } }) {
        const deliveries = await readDeliveries(knex, { ...filter, after: page });
        const nextPage = deliveries.length === filter.limit ? deliveries.at(-1)?.deliveryNo : undefined;
        return { body: { deliveries, nextPage: nextPage ?? null } };
      },
    }),
    route({
      method: 'GET',
      path: '/outbound-deliveries/:deliveryNo',
      handle: async ({ params }) => ({ body: await readDelivery(knex, params.deliveryNo) }),
    }),
    route({
      method: 'POST',
      path: '/outbound-deliveries/:deliveryNo/cancel',
      handle: ({ params }) => act(params.deliveryNo, cancelDelivery),
    }),
    route({
      method: 'POST',
      path: '/outbound-deliveries/:deliveryNo/answer-cancellation',
      body: consent,
      handle: ({ params, body }) => act(params.deliveryNo, answerCancellation(body.granted, paceMillis)),
    }),
    route({
      method: 'POST',
      path: '/outbound-deliveries/:deliveryNo/accept',
      handle: ({ params }) => act(params.deliveryNo, acceptDelivery(paceMillis)),
    }),
    route({
      method: 'POST',
      path: '/outbound-deliveries/:deliveryNo/refuse',
      body: reason,
      handle: ({ params, body }) => act(params.deliveryNo, refuseDelivery(body.reasonCode)),
    }),
    route({
      method: 'POST',
      path: '/outbound-deliveries/:deliveryNo/confirm-goods-issue',
      body: confirmation,
      handle: ({ params, body }) =>
        act(params.deliveryNo, (trx, delivery) => confirmGoodsIssue(trx, delivery, body, carrierCode)),
    }),
    route({
      method: 'POST',
      path: '/outbound-deliveries/:deliveryNo/stage',
      handle: ({ params }) => act(params.deliveryNo, stageDelivery(carrierCode)),
    }),
    route({
      method: 'POST',
      path: '/outbound-deliveries/:deliveryNo/collect',
      handle: ({ params }) => act(params.deliveryNo, collectDelivery),
    }),
    route({
      method: 'POST',
      path: '/outbound-deliveries/:deliveryNo/unstage',
      handle: ({ params }) => act(params.deliveryNo, unstageDelivery),
    }),
    route({
      method: 'GET',
      path: '/delivery-events',
      query: feedQuery,
      feedList: 'events',
      async handle({ query, signal }) {
        const read = () => eventsAfter(knex, query.after, query.limit);
        const events = await readFeed({ bell: options.deliveriesChanged, waitSeconds: query.wait, signal, read });
        return { body: { events, lastEventNo: await lastEventNo(knex) } };
      },
    }),
  ];
}

async function eventsAfter(knex: Knex, after: number, limit: number) {
  await knex.raw('select wms.number_delivery_event()');
  const { rows } = await knex.raw<{ rows: (Record<string, unknown> & { eventNo: string })[] }>(
    `select event_no as "eventNo", delivery_no as "deliveryNo", external_ref as "externalRef", site, event, at,
            reason_code as "reasonCode", parcels, issued, shorts
     from wms.delivery_event where event_no > ? order by event_no limit ?`,
    [after, limit],
  );
  return rows.map((row) => ({ ...row, eventNo: Number(row.eventNo) }));
}

async function lastEventNo(knex: Knex): Promise<number> {
  const { rows } = await knex.raw<{ rows: { last: string | null }[] }>(
    'select max(event_no) as last from wms.delivery_event',
  );
  return Number(rows[0]?.last ?? 0);
}
