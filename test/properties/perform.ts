import { isCommerceError } from '../../platform/errors.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { ask, callerOf } from '../helpers/subgraph.ts';
import type { Action, ChannelCode, Line, Site, Sku } from './actions.ts';
import { callers } from './world.ts';

/** A keyed request as a client sent it, with what it was answered. */
export interface Call {
  readonly field: keyof typeof DOCUMENTS;
  readonly key: string;
  readonly channel: ChannelCode;
  readonly input: Record<string, unknown>;
  readonly target: string | null;
  answer: Answer | null;
}

/** Id of what was made or changed, and the codes of the refusals. */
export interface Answer {
  readonly id: string | null;
  readonly codes: readonly string[];
}

export interface HeldStock {
  readonly id: string;
  readonly channel: ChannelCode;
  readonly lines: readonly Line[];
  readonly atShop: boolean;
}

export interface PlacedLine {
  readonly id: string;
  readonly sku: Sku;
  readonly ordered: number;
  /** Units of acknowledged cancellations that named them. */
  cancelled: number;
  /** Whether a cancellation of everything that could be cancelled was acknowledged. */
  cancelledAll: boolean;
  /** Whether the floor is working on it: it picks one line once at a time. */
  busy: boolean;
  /** Booked out by the warehouse, whether or not its feed was read. */
  issued: { readonly site: Site; readonly units: number }[];
  shipped: number;
  returned: number;
}

export interface PlacedOrder {
  readonly id: string;
  readonly key: string;
  readonly channel: ChannelCode;
  readonly lines: PlacedLine[];
  /** Whether a payment was acknowledged: with the order, or later. */
  paid: boolean;
  /** Whether the floor ever began to work on it. */
  busied: boolean;
}

/** What the clients know: what they asked, and what they were answered. Nothing of it is read from a table. */
export interface History {
  readonly calls: Call[];
  readonly holds: HeldStock[];
  readonly orders: PlacedOrder[];
  /** Answers that no client may get. */
  readonly problems: string[];
  /** Whether the deadline of unpaid orders passed: those without a payment may be cancelled, and no others. */
  overdue: boolean;
  keys: number;
}

/** What an action came to, in one word, and what only the system could choose. */
export interface Outcome {
  /** `NOTHING` when there was nothing to act on. */
  readonly code: string;
  readonly site?: Site;
  readonly units?: number;
}

export const NOTHING: Outcome = { code: 'NOTHING' };

export const emptyHistory = (): History => ({
  calls: [],
  holds: [],
  orders: [],
  problems: [],
  overdue: false,
  keys: 0,
});

const ADDRESS = { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' };

const DOCUMENTS = {
  orderPlace: `mutation ($input: OrderPlaceInput!) { result: orderPlace(input: $input) {
    order { id lines(first: 100) { nodes { id sku quantities { ordered } } } } userErrors { code } } }`,
  orderCancel: `mutation ($target: ID!, $input: OrderCancelInput!) { result: orderCancel(orderId: $target, input: $input) {
    order { id } userErrors { code } } }`,
  orderRecordPayment: `mutation ($target: ID!, $input: OrderRecordPaymentInput!) {
    result: orderRecordPayment(orderId: $target, input: $input) { order { id } userErrors { code } } }`,
  reservationHold: `mutation ($input: ReservationHoldInput!) { result: reservationHold(input: $input) {
    reservation { id } userErrors { code } } }`,
  reservationExtend: `mutation ($target: ID!, $input: ReservationExtendInput!) {
    result: reservationExtend(reservationId: $target, input: $input) { reservation { id } userErrors { code } } }`,
  returnRequest: `mutation ($target: ID!, $input: ReturnRequestInput!) { result: returnRequest(orderId: $target, input: $input) {
    return { id lines { id } } userErrors { code } } }`,
  returnAuthorize: `mutation ($target: ID!, $input: ReturnAuthorizeInput!) {
    result: returnAuthorize(returnId: $target, input: $input) { return { id } userErrors { code } } }`,
  returnReceive: `mutation ($target: ID!, $input: ReturnReceiveInput!) {
    result: returnReceive(returnId: $target, input: $input) { return { id } userErrors { code } } }`,
} as const;

/** What a client repeats under the same key until it has an answer. */
const PASSING = new Set(['DATABASE_UNAVAILABLE', 'IDEMPOTENCY_IN_FLIGHT', 'OVERLOADED']);
const MAX_ATTEMPTS = 200;

const STAFF = new Set<Call['field']>(['returnAuthorize', 'returnReceive']);
const staff = callerOf({ contract: 'operations', clientId: 'staff', channel: null });

export interface Subgraphs {
  readonly orders: Subgraph;
  readonly inventory: Subgraph;
}

interface Result {
  order?: { id: string; lines?: { nodes: { id: string; sku: Sku; quantities: { ordered: number } }[] } } | null;
  reservation?: { id: string } | null;
  return?: { id: string; lines?: { id: string }[] } | null;
  userErrors: { code: string }[];
}

export interface Sent extends Answer {
  readonly replayed: boolean;
  readonly order: Result['order'];
  readonly return: Result['return'];
}

export function newCall(
  history: History,
  field: Call['field'],
  channel: ChannelCode,
  input: Record<string, unknown>,
  target: string | null = null,
): Call {
  history.keys += 1;
  const call: Call = { field, key: `key-${history.keys}`, channel, input, target, answer: null };
  history.calls.push(call);
  return call;
}

/**
 * Sends a keyed request until its outcome is known.
 * @throws Error when an answer is one that no client may get
 */
export async function send(subgraphs: Subgraphs, call: Call): Promise<Sent> {
  const subgraph = call.field.startsWith('reservation') ? subgraphs.inventory : subgraphs.orders;
  const caller = STAFF.has(call.field) ? staff : callers[call.channel];
  const input = { idempotencyKey: call.key, ...call.input };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const answer = await ask(subgraph, DOCUMENTS[call.field], { target: call.target, input }, caller);
    const result = answer.data?.result as Result | undefined | null;
    const failures = (answer.errors ?? []).map((error) => String(error.extensions.code));
    const codes = failures.length > 0 ? failures : (result?.userErrors ?? []).map((error) => error.code);
    // Also when it is decided and only a part of the answer could not be read, such as the lines of an order placed before.
    const passing = codes.length > 0 && codes.every((code) => PASSING.has(code));
    if (!passing && !answer.errors && result) {
      const id = (result.order ?? result.reservation ?? result.return)?.id ?? null;
      const replayed = answer.extensions?.idempotentReplay === true;
      return { id, codes, replayed, order: result.order, return: result.return };
    }
    if (!passing) throw new Error(`${call.field} was answered ${codes.join()}: ${answer.errors?.[0]?.message}`);
    await pause();
  }
  throw new Error(`${call.field} had no answer after ${MAX_ATTEMPTS} attempts`);
}

/** Repeats a step that has a key of its own, or none because it may be repeated, until it is through. */
export async function persist<Value>(step: () => Promise<Value>): Promise<Value> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await step();
    } catch (error) {
      if (!isCommerceError(error) || !PASSING.has(error.code) || attempt === MAX_ATTEMPTS) throw error;
      await pause();
    }
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 4));

/** Enough for any order. */
export const payment = (reference: string) => ({
  provider: 'stripe',
  reference,
  authorized: { amount: '100000.00', currencyCode: 'GBP' },
});

export function placeInput(lines: readonly Line[], locationId: string | null): Record<string, unknown> {
  const method = locationId === null ? 'SHIPPING' : 'PICK_UP';
  return {
    currencyCode: 'GBP',
    lines,
    delivery: locationId === null ? { method, address: ADDRESS } : { method, locationId },
  };
}

/** The n-th of a list, going round. */
export const pick = <Value>(list: readonly Value[], index: number): Value | undefined => list[index % list.length];

export const describeAction = ({ process, crash, twins, ...act }: Action): string =>
  [
    JSON.stringify(act),
    `process ${process}`,
    ...(crash ? [`connection breaks ${crash.side} ${crash.at}`] : []),
    ...(twins ? ['twice at once'] : []),
  ].join(', ');
