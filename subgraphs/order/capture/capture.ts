import type { Knex } from 'knex';
import { wakeRelay } from '../../../events/outbox.ts';
import type { Caller, Channel } from '../../../platform/caller.ts';
import { type OnceOutcome, runAlone } from '../../../platform/idempotency/run-once.ts';
import { shareRunning } from '../../../platform/idempotency/single-flight.ts';
import { AGAIN, ALONE, MicroBatcher, type Settled } from '../../../platform/micro-batch/micro-batcher.ts';
import { type PaceLimits, STOCK_PACE } from '../../../platform/micro-batch/pace.ts';
import { fewestSources } from '../../../platform/supply/fewest-sources.ts';
import type { ChooseSources } from '../../../platform/supply/supply.ts';
import { placedResult, placeOrder } from '../commands/place.ts';
import type { OrderPlaceInput } from '../commands/place-input.ts';
import { inOurSkus } from '../imports/cross-references.ts';
import type { PaymentTerms } from '../payments/terms.ts';
import { isHeldUntilPaid } from '../payments/unpaid-hold.ts';
import { capturedOrder } from './captured-order.ts';
import { type Draft, draftOrder, type Refused } from './draft.ts';
import { type CaptureFacts, readFacts } from './facts.ts';
import { type CaptureRequest, captureRequest, fitsBatch, type Placed } from './request.ts';
import { type Member, type RefusedMember, refusalAnswer, refuse, type SettledRow, settle } from './settle.ts';

/** Takes orders in. */
export interface Capture {
  /**
   * Places an order once per idempotency key: in a batch with those that arrive meanwhile, or alone when there is
   * something special about it or about its stock.
   *
   * @param signal gives the place in the queue up; what has begun goes on
   * @throws CommerceError OVERLOADED before anything was done, REQUEST_ABORTED, FORBIDDEN, IDEMPOTENCY_KEY_INVALID,
   *   BAD_USER_INPUT, DATABASE_UNAVAILABLE, IDEMPOTENCY_IN_FLIGHT when it takes long and may be placed a moment later; what
   *   `mayDecide` throws
   */
  place(caller: Caller, input: OrderPlaceInput, signal?: AbortSignal): Promise<OnceOutcome<Placed>>;
  /** Takes no more orders; resolves when those taken are answered. */
  close(): Promise<void>;
}

export interface CaptureOptions {
  readonly knex: Knex;
  /** Picks the nodes that serve an order. Default: as few as possible. */
  readonly choose?: ChooseSources;
  readonly limits?: PaceLimits;
  /** Rejects while nobody can say what is there; no order is taken, and no refusal kept, then. Default: always. */
  readonly mayDecide?: () => Promise<void>;
  /** What becomes of orders without a payment. Default: nothing. */
  readonly payments?: PaymentTerms;
}

/** The capture of one process. Any number of processes may capture on one database: nothing here decides, the database does. */
export function createCapture({
  knex,
  choose = fewestSources,
  limits = STOCK_PACE,
  mayDecide,
  payments,
}: CaptureOptions): Capture {
  const isHeld = (channel: Channel, input: OrderPlaceInput) =>
    payments !== undefined && isHeldUntilPaid(payments, channel, input);
  const batcher = new MicroBatcher<CaptureRequest, OnceOutcome<Placed>>({
    name: 'orders',
    settle: (requests) => settleBatch(knex, requests, choose),
    alone: (request) =>
      runAlone<Placed>(knex, request.key, (trx) => placeOrder(trx, request.caller, request.input, request)),
    weight: ({ input }) => input.lines.length + 1,
    limits,
  });
  return {
    async place(caller, input, signal) {
      await mayDecide?.();
      const request = await inOurSkus(knex, captureRequest(caller, input, isHeld));
      const how = { alone: !fitsBatch(request), ...(signal ? { signal } : {}) };
      return shareRunning(knex, request.key, () => batcher.submit(request, how));
    },
    close: () => batcher.close(),
  };
}

type Outcome = Settled<OnceOutcome<Placed>>;

async function settleBatch(
  knex: Knex,
  requests: readonly CaptureRequest[],
  choose: ChooseSources,
): Promise<readonly Outcome[]> {
  const facts = await readFacts(knex, requests);
  const plans = planAll(requests, facts, choose);
  const outcomes = plans.map((plan): Outcome => (plan === ALONE ? ALONE : AGAIN));
  const drafted: (Member & { index: number })[] = [];
  const refused: (RefusedMember & { index: number })[] = [];
  requests.forEach((request, index) => {
    const plan = plans[index];
    if (typeof plan !== 'object') return;
    if ('refusals' in plan) refused.push({ request, refused: plan, index });
    else drafted.push({ request, draft: plan, index });
  });
  const [placed, kept] = await Promise.all([
    drafted.length > 0 ? settle(knex, drafted) : [],
    refused.length > 0 ? refuse(knex, refused) : [],
  ]);
  for (const row of placed) {
    const member = drafted[row.i];
    if (member) outcomes[member.index] = outcomeOf(row, placedAnswer(member.draft, row));
  }
  for (const row of kept) {
    const member = refused[row.i];
    if (member) outcomes[member.index] = outcomeOf(row, refusalAnswer(member.refused));
  }
  if (placed.some((row) => row.kind === 'DONE')) wakeRelay(knex);
  return outcomes;
}

/** One after the other, each on what those before it left. A request that cannot be planned spoils nothing. */
function planAll(
  requests: readonly CaptureRequest[],
  facts: CaptureFacts,
  choose: ChooseSources,
): (Draft | Refused | typeof AGAIN | typeof ALONE)[] {
  const channelOrders = new Set<string>();
  return requests.map((request, index) => {
    const { channelOrderId } = request.input;
    if (channelOrderId != null) {
      // The second of one channel order has to find the first.
      const name = JSON.stringify([request.channel.code, channelOrderId]);
      if (channelOrders.has(name)) return AGAIN;
      channelOrders.add(name);
    }
    try {
      return draftOrder(request, facts.numbers[index] ?? '', facts, choose);
    } catch {
      return ALONE; // there it meets the same fault, and its client the answer
    }
  });
}

function outcomeOf({ kind, result }: SettledRow, answer: Placed): OnceOutcome<Placed> {
  if (kind === 'CONFLICT') return { kind: 'conflict' };
  if (kind === 'REPLAY' && result) return { kind: 'done', result, replayed: true };
  return { kind: 'done', result: answer, replayed: false };
}

function placedAnswer({ order }: Draft, { placed_at: placedAt }: SettledRow): Placed {
  const placed: Placed = placedResult(order);
  return placedAt ? { ...placed, captured: capturedOrder(order, placedAt) } : placed;
}
