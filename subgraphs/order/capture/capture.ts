import type { Knex } from 'knex';
import { wakeRelay } from '../../../events/outbox.ts';
import type { Caller } from '../../../platform/caller.ts';
import { type OnceOutcome, runAlone } from '../../../platform/idempotency/run-once.ts';
import { shareRunning } from '../../../platform/idempotency/single-flight.ts';
import { ALONE, MicroBatcher } from '../../../platform/micro-batch/micro-batcher.ts';
import type { PaceLimits } from '../../../platform/micro-batch/pace.ts';
import { fewestSources } from '../../../platform/supply/fewest-sources.ts';
import type { ChooseSources } from '../../../platform/supply/supply.ts';
import { placeOrder } from '../commands/place.ts';
import type { OrderPlaceInput } from '../commands/place-input.ts';
import { capturedOrder } from './captured-order.ts';
import { type Draft, draftOrder } from './draft.ts';
import { type CaptureFacts, readFacts } from './facts.ts';
import { type CaptureRequest, captureRequest, fitsBatch, type Placed } from './request.ts';
import { isStorable, type Member, type SettledRow, settle } from './settle.ts';

/** Weight: lines, and one for the order. The greatest keeps the key locks of a batch far from what PostgreSQL has room for. */
const LIMITS: PaceLimits = {
  targetMillis: 50,
  size: [256, 768],
  width: 4,
  patienceMillis: 2_000,
  waiting: [1_000, 10_000],
};

/** Orders that are tried alone at the same time. */
const ALONE_WIDTH = 6;

/** Takes orders in. */
export interface Capture {
  /**
   * Places an order once per idempotency key: in a batch with those that arrive meanwhile, or alone when there is
   * something special about it or about its stock.
   *
   * @param signal gives the place in the queue up; what has begun goes on
   * @throws CommerceError OVERLOADED before anything was done, REQUEST_ABORTED, FORBIDDEN, IDEMPOTENCY_KEY_INVALID,
   *   DATABASE_UNAVAILABLE
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
}

/** The capture of one process. Any number of processes may capture on one database: nothing here decides, the database does. */
export function createCapture({ knex, choose = fewestSources, limits = LIMITS }: CaptureOptions): Capture {
  const batcher = new MicroBatcher<CaptureRequest, OnceOutcome<Placed>>({
    name: 'orders',
    settle: (requests) => settleBatch(knex, requests, choose),
    alone: ({ key, caller, input }) => runAlone<Placed>(knex, key, (trx) => placeOrder(trx, caller, input)),
    weight: ({ input }) => input.lines.length + 1,
    limits,
    aloneWidth: ALONE_WIDTH,
  });
  return {
    async place(caller, input, signal) {
      const request = captureRequest(caller, input);
      const how = { alone: !fitsBatch(request), ...(signal ? { signal } : {}) };
      return shareRunning(knex, request.key, () => batcher.submit(request, how));
    },
    close: () => batcher.close(),
  };
}

async function settleBatch(
  knex: Knex,
  requests: readonly CaptureRequest[],
  choose: ChooseSources,
): Promise<(OnceOutcome<Placed> | typeof ALONE)[]> {
  const facts = await readFacts(knex, requests);
  const drafts = draftAll(requests, facts, choose);
  const members = requests.flatMap((request, index): (Member & { index: number })[] => {
    const draft = drafts[index];
    return draft ? [{ request, draft, index }] : [];
  });
  const outcomes = requests.map((): OnceOutcome<Placed> | typeof ALONE => ALONE);
  if (members.length === 0) return outcomes;
  const rows = await settle(knex, members);
  for (const row of rows) {
    const member = members[row.i];
    if (member) outcomes[member.index] = outcomeOf(row, member.draft);
  }
  if (rows.some((row) => row.kind === 'DONE')) wakeRelay(knex);
  return outcomes;
}

/** One draft after the other, each on what those before it left. A request that cannot be drafted spoils nothing. */
function draftAll(requests: readonly CaptureRequest[], facts: CaptureFacts, choose: ChooseSources): (Draft | null)[] {
  const channelOrders = new Set<string>();
  return requests.map((request, index) => {
    const { channelOrderId } = request.input;
    if (channelOrderId != null) {
      // The second of one channel order has to find the first.
      const name = JSON.stringify([request.channel.code, channelOrderId]);
      if (channelOrders.has(name)) return null;
      channelOrders.add(name);
    }
    try {
      const draft = draftOrder(request, facts.numbers[index] ?? '', facts, choose);
      return draft && isStorable({ request, draft }) ? draft : null;
    } catch {
      return null; // alone, it meets the same fault, and its client the answer
    }
  });
}

function outcomeOf({ kind, result, placed_at: placedAt }: SettledRow, { order }: Draft): OnceOutcome<Placed> {
  if (kind === 'CONFLICT') return { kind: 'conflict' };
  if (kind === 'REPLAY' && result) return { kind: 'done', result, replayed: true };
  const placed: Placed = { orderId: order.id, refusals: [] };
  const answer = placedAt ? { ...placed, captured: capturedOrder(order, placedAt) } : placed;
  return { kind: 'done', result: answer, replayed: false };
}
