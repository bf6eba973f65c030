import { sleep } from '../../platform/clock.ts';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { CARRIER_CODE } from '../../systems/carrier/carrier-code.ts';
import type { WmsClient } from '../../systems/wms/client.ts';
import type { WmsDelivery } from '../../systems/wms/wire.ts';
import { withDatabase } from '../chaos/shop.ts';
import { killedAt, type Point } from './points.ts';

/** How long something may take that workers which die again and again have to do, in milliseconds. */
const PATIENCE_MILLIS = 900_000;
/** How often a request is sent that the graph could not take at the moment. */
const ATTEMPTS = 10;

const ADDRESS = { name: 'A. Person', line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' };

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

export interface Placed {
  readonly id: string;
  readonly lineId: string;
}

/** The shop as its buyers, its operators and the staff of its nodes see it. */
export type Shop = ReturnType<typeof openShop>;

export function openShop(options: { gateway: string; databaseUrl: string; wms: WmsClient; marks: string }) {
  const { gateway, databaseUrl, wms, marks } = options;
  let keys = 0;

  const rows = <Row extends object>(database: string, statement: string, values: readonly unknown[] = []) =>
    withDatabase(
      database === 'commerce' ? databaseUrl : siblingDatabase(databaseUrl, database),
      async (client) => (await client.query<Row>(statement, [...values])).rows,
    );

  /** Waits until there is one. */
  async function until<Found>(what: string, look: () => Promise<Found | null | undefined | false>): Promise<Found> {
    for (const deadline = Date.now() + PATIENCE_MILLIS; ; await sleep(250)) {
      const found = await look();
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    }
  }

  /** As a client does: what may be repeated is, under its key. */
  // biome-ignore lint/suspicious/noExplicitAny: a scenario reads what the answer holds
  async function send(key: string, query: string, variables: object): Promise<any> {
    for (let attempt = 1; ; attempt++) {
      const answer = await sendOnce(key, query, variables);
      if (!answer.errors) return answer.data;
      const [{ message, extensions }] = answer.errors as [NonNullable<typeof answer.errors>[number]];
      if (!extensions.retryable || attempt === ATTEMPTS) throw new Error(`${query.slice(0, 60)}: ${message}`);
      await sleep(1_000);
    }
  }

  async function sendOnce(key: string, query: string, variables: object) {
    const response = await fetch(`${gateway}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(60_000),
    });
    // biome-ignore lint/suspicious/noExplicitAny: a scenario reads what the answer holds
    return (await response.json()) as { data?: any; errors?: { message: string; extensions: { retryable?: boolean } }[] }; // biome-ignore format: one thought
  }

  /** One mutation on one object, under a key of its own; refusals are thrown. @returns its payload */
  async function command(
    name: string,
    [argument, id]: readonly [string, string],
    input: object,
    fields = '__typename',
    client = 'dev-operations',
  ) {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($id: ID!, $input: ${type}!) { result: ${name}(${argument}: $id, input: $input) { ${fields} userErrors { code message } } }`;
    const { result } = await send(client, query, { id, input: { idempotencyKey: `crash-${++keys}`, ...input } });
    if (result.userErrors.length > 0) throw new Error(`${name} ${id}: ${JSON.stringify(result.userErrors)}`);
    return result;
  }

  async function place(line: Line, more: object = {}): Promise<Placed> {
    const idempotencyKey = `crash-${++keys}`;
    const data = await send(
      'dev-storefront',
      'mutation ($input: OrderPlaceInput!) { result: orderPlace(input: $input) { order { id lines(first: 1) { nodes { id } } } userErrors { code message } } }',
      {
        input: {
          idempotencyKey,
          currencyCode: 'GBP',
          lines: [line],
          delivery: { method: 'SHIPPING', address: ADDRESS },
          payment: { provider: 'stripe', reference: idempotencyKey, authorized: { amount: '100000.00', currencyCode: 'GBP' } },
          ...more,
        },
      },
    ); // biome-ignore format: one request
    if (!data.result.order) throw new Error(`orderPlace: ${JSON.stringify(data.result.userErrors)}`);
    return { id: data.result.order.id, lineId: data.result.order.lines.nodes[0].id };
  }

  const statusOf = async (orderId: string) =>
    (await rows<{ status: string }>('commerce', 'select status from orders.customer_order where id = $1', [orderId]))[0]?.status; // biome-ignore format: one thought

  const workOf = (orderId: string) =>
    rows<{ id: string; status: string; requestStatus: string; locationId: string }>(
      'commerce',
      `select id, status, request_status as "requestStatus", location_id as "locationId" from fulfillment.fulfillment_order where order_id = $1 order by id`,
      [orderId],
    );

  /** The order's delivery at its node, once it is there and nobody took it back. */
  const delivery = (orderId: string): Promise<WmsDelivery> =>
    until(`a delivery of ${orderId}`, async () => (await deliveriesOf(orderId)).find(isOpen));

  async function deliveriesOf(orderId: string): Promise<WmsDelivery[]> {
    const works = await workOf(orderId);
    const pages = await Promise.all(works.map(({ id }) => wms.deliveries({ externalRef: id, limit: 1 })));
    return pages.flatMap((page) => page.deliveries);
  }

  const isOpen = ({ status }: WmsDelivery) => !['GOODS_ISSUED', 'COLLECTED', 'CANCELLED', 'REFUSED'].includes(status);

  /** Staff take the delivery on and send units of it; all that are left unless told. @returns the parcel's number */
  async function ship(
    { deliveryNo, lines }: WmsDelivery,
    { units, carrierCode = CARRIER_CODE }: { units?: number; carrierCode?: string } = {},
  ): Promise<string> {
    await wms.acceptDelivery(deliveryNo);
    const contents = lines.map(({ lineRef, quantity, issued, short }) => ({ lineRef, quantity: Math.min(units ?? Number.POSITIVE_INFINITY, quantity - issued - short) })); // biome-ignore format: one thought
    const reference = `${deliveryNo}-${++keys}`;
    const trackingNo = `T${reference}`;
    await wms.confirmGoodsIssue(deliveryNo, { reference, parcels: [{ carrierCode, trackingNo, contents }] });
    return trackingNo;
  }

  /** A carrier tells of a parcel. */
  async function scan(carrier: string, trackingNumber: string, status: string): Promise<void> {
    const input = { carrier, trackingNumber, eventId: `crash-${++keys}`, status, occurredAt: new Date().toISOString() };
    const { result } = await send('dev-operations', 'mutation ($input: TrackingEventRecordInput!) { result: trackingEventRecord(input: $input) { userErrors { code message } } }', { input }); // biome-ignore format: one thought
    if (result.userErrors.length > 0)
      throw new Error(`${carrier} ${trackingNumber}: ${JSON.stringify(result.userErrors)}`);
  }

  /** Staff send whatever nodes have of the order until it is at its end. */
  async function finish(orderId: string): Promise<void> {
    await until(`the end of ${orderId}`, async () => {
      const open = (await deliveriesOf(orderId)).find(isOpen);
      if (open) await ship(open).catch(() => undefined); // it was taken back meanwhile
      return ['DELIVERED', 'CANCELLED', 'CLOSED'].includes((await statusOf(orderId)) ?? '');
    });
  }

  return {
    ...{ rows, until, command, place, scan, workOf, delivery, ship, finish, wms },
    /** The first moment of a kind at which a worker died. */
    death: (workflow: string, step: string, side: Point['side']): Promise<Point> =>
      until(`a death ${side} ${step} of ${workflow}`, async () =>
        killedAt(marks).find((point) => point.workflow === workflow && point.step === step && point.side === side),
      ),
  };
}
