import { sleep } from '../../platform/clock.ts';
import type { Asked, HistoryWriter, Operation, Told } from './history.ts';
import type { OrderPlan } from './plan.ts';

const ADDRESS = { name: 'A. Person', line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' };
const PAYMENT = { provider: 'stripe', authorized: { amount: '100000.00', currencyCode: 'GBP' } };

const DOCUMENTS: Readonly<Record<Operation, string>> = {
  orderPlace: `mutation ($input: OrderPlaceInput!) { result: orderPlace(input: $input) {
    order { id number lines(first: 100) { nodes { id } } } userErrors { code } } }`,
  orderCancel: `mutation ($target: ID!, $input: OrderCancelInput!) { result: orderCancel(orderId: $target, input: $input) {
    order { id number } userErrors { code } } }`,
  orderRecordPayment: `mutation ($target: ID!, $input: OrderRecordPaymentInput!) { result: orderRecordPayment(orderId: $target, input: $input) {
    order { id number } userErrors { code } } }`,
  reservationHold: `mutation ($input: ReservationHoldInput!) { result: reservationHold(input: $input) {
    reservation { id } userErrors { code } } }`,
  reservationRelease: `mutation ($target: ID!, $input: ReservationReleaseInput) { result: reservationRelease(reservationId: $target, input: $input) {
    reservation { id } userErrors { code } } }`,
};

/** How long one attempt may take, and all of them together, in milliseconds. */
const ATTEMPT_MILLIS = 15_000;
const PATIENCE_MILLIS = 300_000;

interface Result {
  order?: { id: string; number: string; lines?: { nodes: { id: string }[] } } | null;
  reservation?: { id: string } | null;
  userErrors: { code: string }[];
}

export interface ClientOptions {
  readonly name: string;
  readonly gateways: readonly string[];
  readonly history: HistoryWriter;
  /** Seconds that an order without a payment has until it is cancelled. */
  readonly payWithin: number;
  /** Takes what the client does later, while it goes on with its next wish. */
  later(errand: Promise<void>): void;
}

/** Carries out one plan: every request is repeated under its key, through whatever gateway answers, until it is answered. */
export async function carryOut(options: ClientOptions, plan: OrderPlan): Promise<void> {
  const { key, lines } = plan;
  let reservationId: string | null = null;
  if (plan.kind !== 'ORDER') {
    const input = { idempotencyKey: `${key}:hold`, lines, ttlSeconds: 30 };
    const held = await ask(options, 'reservationHold', input.idempotencyKey, { lines }, { input });
    reservationId = held?.told.reservationId ?? null;
    if (plan.kind === 'ABANDONED') {
      if (reservationId !== null) {
        const release = { idempotencyKey: `${key}:release` };
        await ask(
          options,
          'reservationRelease',
          release.idempotencyKey,
          { reservationId },
          { target: reservationId, input: release },
        );
      }
      return;
    }
  }
  const input = {
    idempotencyKey: `${key}:place`,
    currencyCode: 'GBP',
    lines,
    reservationId,
    allowBackorder: plan.backorder,
    delivery: { method: 'SHIPPING', address: ADDRESS },
    payment: plan.payment === 'NOW' ? { ...PAYMENT, reference: key } : null,
  };
  const asked = { lines, reservationId, unpaid: plan.payment !== 'NOW' };
  const place = (name: string) => ask({ ...options, name }, 'orderPlace', input.idempotencyKey, asked, { input });
  const [placed] = await Promise.all([place(options.name), ...(plan.twice ? [place(`${options.name}'`)] : [])]);
  const orderId = placed?.told.orderId;
  if (!orderId || placed.told.codes.length > 0) return;
  if (typeof plan.payment === 'number') options.later(payLater(options, plan, orderId, plan.payment));
  if (!plan.cancel) return;
  const lineIds = placed.lineIds;
  const wish =
    plan.cancel === 'ALL' ? null : [{ orderLineId: lineIds[plan.cancel.line], quantity: plan.cancel.quantity }];
  const cancel = { idempotencyKey: `${key}:cancel`, reason: 'CUSTOMER_REQUEST', lines: wish };
  await ask(
    options,
    'orderCancel',
    cancel.idempotencyKey,
    { orderId, cancel: plan.cancel },
    { target: orderId, input: cancel },
  );
}

/** Pays, twice at once when the plan says so. */
async function payLater(options: ClientOptions, plan: OrderPlan, orderId: string, share: number): Promise<void> {
  await sleep(share * options.payWithin * 1_000);
  const input = { idempotencyKey: `${plan.key}:pay`, payment: { ...PAYMENT, reference: plan.key } };
  const pay = (name: string) =>
    ask({ ...options, name }, 'orderRecordPayment', input.idempotencyKey, { orderId }, { target: orderId, input });
  await Promise.all([pay(options.name), ...(plan.twice ? [pay(`${options.name}'`)] : [])]);
}

async function ask(
  { name: client, gateways, history }: ClientOptions,
  operation: Operation,
  key: string,
  asked: Asked,
  variables: object,
): Promise<{ told: Told; lineIds: string[] } | null> {
  const deadline = Date.now() + PATIENCE_MILLIS;
  for (let attempt = 0; Date.now() < deadline; attempt++) {
    const gateway = Math.floor(Math.random() * gateways.length);
    history.write({ type: 'invoke', at: Date.now(), client, operation, key, gateway, asked });
    const { codes, result } = await attemptOnce(gateways[gateway] ?? '', DOCUMENTS[operation], variables);
    if (result && codes.length === 0 && !result.userErrors.some(({ code }) => code === 'IDEMPOTENCY_IN_FLIGHT')) {
      const told = {
        codes: result.userErrors.map((error) => error.code),
        orderId: result.order?.id ?? null,
        number: result.order?.number ?? null,
        reservationId: result.reservation?.id ?? null,
      };
      history.write({ type: 'answer', at: Date.now(), client, key, told });
      return { told, lineIds: result.order?.lines?.nodes.map((line) => line.id) ?? [] };
    }
    history.write({ type: 'unknown', at: Date.now(), client, key, codes });
    await sleep(Math.min(2_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2));
  }
  history.write({ type: 'gaveUp', at: Date.now(), client, key });
  return null;
}

/** One attempt. `codes` say why nothing is known; a client cannot tell a lost request from a lost answer. */
async function attemptOnce(
  url: string,
  query: string,
  variables: object,
): Promise<{ codes: string[]; result?: Result }> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(ATTEMPT_MILLIS),
    });
    const answer = (await response.json()) as {
      data?: { result: Result | null } | null;
      errors?: { extensions?: { code?: string } }[];
    };
    const codes = (answer.errors ?? []).map((error) => error.extensions?.code ?? 'NO_CODE');
    const result = answer.data?.result;
    if (result) return { codes, result };
    return { codes: codes.length > 0 ? codes : [`HTTP_${response.status}`] };
  } catch (error) {
    return { codes: [error instanceof Error ? error.name : 'UNKNOWN'] };
  }
}
