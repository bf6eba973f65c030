import type { Knex } from 'knex';
import { prepared } from '../../platform/db/query.ts';
import type { OnceKey, OnceOutcome } from '../../platform/idempotency/once-key.ts';
import { runAlone } from '../../platform/idempotency/run-once.ts';
import { shareRunning } from '../../platform/idempotency/single-flight.ts';
import { newId } from '../../platform/ids.ts';
import { ALONE, MicroBatcher } from '../../platform/micro-batch/micro-batcher.ts';
import type { PaceLimits } from '../../platform/micro-batch/pace.ts';
import { fewestSources } from '../../platform/supply/fewest-sources.ts';
import { Supply, type Take } from '../../platform/supply/supply.ts';
import type { HoldRefusal } from './errors.ts';
import { type HoldRequest, holdStock } from './holds.ts';

/** What `reservationHold` did; safe to store as the answer of its idempotency key. */
export interface HoldResult {
  readonly reservationId: string | null;
  readonly refusals: readonly HoldRefusal[];
}

/** Keeps stock for carts, many at once. */
export interface Holding {
  /**
   * Holds stock once per idempotency key: in a batch with those that arrive meanwhile, or alone when there is something
   * special about it or about its stock.
   *
   * @param signal gives the place in the queue up; what has begun goes on
   * @throws CommerceError OVERLOADED before anything was done, REQUEST_ABORTED, DATABASE_UNAVAILABLE
   */
  hold(key: OnceKey, request: HoldRequest, signal?: AbortSignal): Promise<OnceOutcome<HoldResult>>;
  /** Takes no more; resolves when those taken are answered. */
  close(): Promise<void>;
}

/** Weight: lines, and one for the reservation. */
const LIMITS: PaceLimits = {
  targetMillis: 50,
  size: [256, 768],
  width: 4,
  patienceMillis: 2_000,
  waiting: [1_000, 10_000],
};

/** Holds that are tried alone at the same time. */
const ALONE_WIDTH = 6;

interface Asked {
  readonly key: OnceKey;
  readonly request: HoldRequest;
}

interface Planned extends Asked {
  readonly id: string;
  readonly takes: readonly Take[];
  readonly withheld: readonly { readonly sku: string; readonly units: number }[];
}

interface Terms {
  readonly withheld: number | null;
  readonly cap: number | null;
  readonly kept_back: number;
  readonly unusual: boolean;
}

export function createHolding(knex: Knex): Holding {
  const batcher = new MicroBatcher<Asked, OnceOutcome<HoldResult>>({
    name: 'holds',
    settle: (asked) => settleBatch(knex, asked),
    alone: ({ key, request }) => runAlone<HoldResult>(knex, key, (trx) => holdStock(trx, request)),
    weight: ({ request }) => request.lines.length + 1,
    limits: LIMITS,
    aloneWidth: ALONE_WIDTH,
  });
  return {
    hold(key, request, signal) {
      const how = { alone: request.locationId !== null, ...(signal ? { signal } : {}) };
      return shareRunning(knex, key, () => batcher.submit({ key, request }, how));
    },
    close: () => batcher.close(),
  };
}

async function settleBatch(knex: Knex, batch: readonly Asked[]): Promise<(OnceOutcome<HoldResult> | typeof ALONE)[]> {
  const skus = [...new Set(batch.flatMap(({ request }) => request.lines.map((line) => line.sku)))];
  const channels = [...new Set(batch.map(({ request }) => request.channelCode))];
  const [supply, terms] = await Promise.all([
    readSupply(knex, skus, enoughFor(batch)),
    Promise.all(channels.map(async (code) => [code, await readTerms(knex, code, skus)] as const)),
  ]);
  const termsOf = new Map(terms);
  const outcomes = batch.map((): OnceOutcome<HoldResult> | typeof ALONE => ALONE);
  const planned = batch.flatMap((asked, index) => {
    const plan = planHold(asked, termsOf.get(asked.request.channelCode), supply);
    return plan ? [{ ...plan, index }] : [];
  });
  if (planned.length === 0) return outcomes;
  const rows = await prepared<{ i: number; kind: 'DONE' | 'REPLAY' | 'CONFLICT'; result: HoldResult | null }>(
    knex,
    'select i, kind, result from inventory.place_holds(?::json, ?::json, ?::json, ?::json)',
    [claims, holds, takes, withheld].map((rowsOf) => JSON.stringify(planned.flatMap(rowsOf))),
  );
  for (const { i, kind, result } of rows) {
    const plan = planned[i];
    if (!plan) continue;
    if (kind === 'CONFLICT') outcomes[plan.index] = { kind: 'conflict' };
    else outcomes[plan.index] = { kind: 'done', result: result ?? answerTo(plan), replayed: kind === 'REPLAY' };
  }
  return outcomes;
}

/** @returns null when it cannot be held just like that; why is said where it is tried alone */
function planHold(asked: Asked, terms: ReadonlyMap<string, Terms> | undefined, supply: Supply): Planned | null {
  const { request, key } = asked;
  const demand = new Map<string, number>();
  for (const { sku, quantity } of request.lines) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  const kept: { sku: string; units: number }[] = [];
  for (const [sku, units] of demand) {
    const rule = terms?.get(sku);
    if (!rule || rule.unusual || (rule.cap !== null && units > rule.cap)) return null;
    const leave = (rule.withheld ?? request.safetyStock) + rule.kept_back;
    if (leave > 0) kept.push({ sku, units: leave });
    if (units > supply.total(sku) - leave) return null;
  }
  // JSON of PostgreSQL cannot hold halves of surrogate pairs; those of the key were refused.
  if ([request.customerId ?? '', ...demand.keys()].some((text) => /\p{Surrogate}/u.test(text))) return null;
  const chosen = fewestSources(demand, supply);
  if (!chosen) return null;
  supply.take(chosen);
  return { key, request, id: newId('reservation'), takes: chosen, withheld: kept };
}

/** All units of a batch, and what channels leave to others. A rule that withholds more only sends its holds alone. */
function enoughFor(batch: readonly Asked[]): number {
  const units = batch.flatMap(({ request }) => request.lines).reduce((sum, line) => sum + line.quantity, 0);
  return Math.min(2_000_000_000, units + Math.max(...batch.map(({ request }) => request.safetyStock)));
}

/** @param enough units of which no request of the batch can want more: then the exact number does not matter */
async function readSupply(knex: Knex, skus: readonly string[], enough: number): Promise<Supply> {
  const rows = await prepared<{ sku: string; location_id: string; preference: number; available: number }>(
    knex,
    'select sku, location_id, preference, available from inventory.supply(?::text[], ?)',
    [skus, enough],
  );
  return new Supply(
    rows.map((row) => ({
      item: row.sku,
      source: row.location_id,
      preference: row.preference,
      units: row.available,
    })),
  );
}

async function readTerms(knex: Knex, channelCode: string | null, skus: readonly string[]): Promise<Map<string, Terms>> {
  const rows = await prepared<Terms & { sku: string }>(
    knex,
    'select sku, withheld, cap, kept_back, unusual from inventory.capture_terms(?, ?::text[])',
    [channelCode, skus],
  );
  return new Map(rows.map((row) => [row.sku, row]));
}

const answerTo = ({ id }: Planned): HoldResult => ({ reservationId: id, refusals: [] });

type Rows = (plan: Planned, i: number) => object | object[];

const claims: Rows = (plan, i) => {
  const { scope, key, hash } = plan.key;
  return { i, scope, key, hash: hash.toString('hex'), answer: answerTo(plan) };
};
const holds: Rows = ({ id, request }, i) => ({
  i,
  id,
  ttl_seconds: request.ttlSeconds,
  channel_code: request.channelCode,
  customer_id: request.customerId,
});
const takes: Rows = (plan, i) =>
  plan.takes.map(({ item, source, units }) => ({ i, line_id: null, sku: item, location_id: source, quantity: units }));
const withheld: Rows = (plan, i) => plan.withheld.map((kept) => ({ i, ...kept }));
