import type { Knex } from 'knex';
import { prepared } from '../../platform/db/query.ts';
import type { OnceKey, OnceOutcome } from '../../platform/idempotency/once-key.ts';
import { runAlone } from '../../platform/idempotency/run-once.ts';
import { shareRunning } from '../../platform/idempotency/single-flight.ts';
import { newId } from '../../platform/ids.ts';
import { AGAIN, ALONE, MicroBatcher, type Settled } from '../../platform/micro-batch/micro-batcher.ts';
import { STOCK_PACE } from '../../platform/micro-batch/pace.ts';
import { fewestSources } from '../../platform/supply/fewest-sources.ts';
import { Supply, type Take } from '../../platform/supply/supply.ts';
import type { HoldRefusal } from './errors.ts';
import { type HoldRequest, holdStock, outOfStock } from './holds.ts';

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

interface Asked {
  readonly key: OnceKey;
  readonly request: HoldRequest;
}

interface Planned extends Asked {
  readonly id: string;
  readonly takes: readonly Take[];
  readonly withheld: readonly { readonly sku: string; readonly units: number }[];
}

interface Refused {
  readonly key: OnceKey;
  readonly refusals: readonly HoldRefusal[];
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
    limits: STOCK_PACE,
  });
  return {
    hold(key, request, signal) {
      const how = { alone: request.locationId !== null, ...(signal ? { signal } : {}) };
      return shareRunning(knex, key, () => batcher.submit({ key, request }, how));
    },
    close: () => batcher.close(),
  };
}

type Outcome = Settled<OnceOutcome<HoldResult>>;

interface Row {
  readonly i: number;
  readonly kind: 'DONE' | 'REPLAY' | 'CONFLICT';
  readonly result: HoldResult | null;
}

async function settleBatch(knex: Knex, batch: readonly Asked[]): Promise<readonly Outcome[]> {
  const skus = [...new Set(batch.flatMap(({ request }) => request.lines.map((line) => line.sku)))];
  const channels = [...new Set(batch.map(({ request }) => request.channelCode))];
  const [supply, terms] = await Promise.all([
    readSupply(knex, skus, enoughFor(batch)),
    Promise.all(channels.map(async (code) => [code, await readTerms(knex, code, skus)] as const)),
  ]);
  const termsOf = new Map(terms);
  const plans = batch.map((asked) => planHold(asked, termsOf.get(asked.request.channelCode), supply));
  const outcomes = plans.map((plan): Outcome => (plan === ALONE ? ALONE : AGAIN));
  const planned = plans.flatMap((plan, index) =>
    typeof plan === 'object' && 'id' in plan ? [{ ...plan, index }] : [],
  );
  const refused = plans.flatMap((plan, index) =>
    typeof plan === 'object' && 'refusals' in plan ? [{ ...plan, index }] : [],
  );
  const [held, kept] = await Promise.all([
    planned.length > 0
      ? prepared<Row>(knex, 'select i, kind, result from inventory.place_holds(?::json, ?::json, ?::json, ?::json)', [
          ...[claims, holds, takes, withheld].map((rowsOf) => JSON.stringify(planned.flatMap(rowsOf))),
        ])
      : [],
    refused.length > 0
      ? prepared<Row>(knex, "select i, kind, result from integration.keep_answers('reservationHold', ?::json)", [
          JSON.stringify(refused.map((plan, i) => claim(plan.key, refusalTo(plan), i))),
        ])
      : [],
  ]);
  for (const row of held) {
    const plan = planned[row.i];
    if (plan) outcomes[plan.index] = outcomeOf(row, answerTo(plan));
  }
  for (const row of kept) {
    const plan = refused[row.i];
    if (plan) outcomes[plan.index] = outcomeOf(row, refusalTo(plan));
  }
  return outcomes;
}

function outcomeOf({ kind, result }: Row, answer: HoldResult): OnceOutcome<HoldResult> {
  return kind === 'CONFLICT'
    ? { kind: 'conflict' }
    : { kind: 'done', result: result ?? answer, replayed: kind === 'REPLAY' };
}

/**
 * Refused for want of stock only when the reading alone says so: at that instant, after it was asked for, the stock was
 * not there. What others of the batch have taken is no reason, for they may not get it.
 *
 * @returns AGAIN when only those before it are in the way; ALONE when it takes more than a batch understands
 */
function planHold(
  asked: Asked,
  terms: ReadonlyMap<string, Terms> | undefined,
  supply: Supply,
): Planned | Refused | typeof AGAIN | typeof ALONE {
  const { request, key } = asked;
  const demand = new Map<string, number>();
  for (const { sku, quantity } of request.lines) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  // JSON of PostgreSQL cannot hold halves of surrogate pairs; those of the key were refused.
  if ([request.customerId ?? '', ...demand.keys()].some((text) => /\p{Surrogate}/u.test(text))) return ALONE;
  const left: { sku: string; units: number }[] = [];
  const short = new Map<string, number>();
  let isThere = true;
  for (const [sku, units] of demand) {
    const rule = terms?.get(sku);
    if (!rule || rule.unusual) return ALONE;
    const leave = (rule.withheld ?? request.safetyStock) + rule.kept_back;
    if (leave > 0) left.push({ sku, units: leave });
    const cap = rule.cap ?? Number.POSITIVE_INFINITY;
    if (units <= Math.min(cap, supply.total(sku) - leave)) continue;
    isThere = false;
    const most = supply.most(sku, leave, cap);
    if (most === undefined || rule.kept_back > 0) return ALONE;
    if (units > most) short.set(sku, most);
  }
  if (short.size > 0) return { key, refusals: shortages(request, short) };
  if (!isThere) return AGAIN;
  const chosen = fewestSources(demand, supply);
  if (!chosen) return ALONE;
  supply.take(chosen);
  return { key, request, id: newId('reservation'), takes: chosen, withheld: left };
}

/** @param most units of the SKUs of which there are too few */
function shortages({ lines }: HoldRequest, most: ReadonlyMap<string, number>): HoldRefusal[] {
  return lines.flatMap(({ sku }, index) => {
    const available = most.get(sku);
    return available === undefined ? [] : [outOfStock(sku, index, available)];
  });
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
    enough,
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
const refusalTo = ({ refusals }: Refused): HoldResult => ({ reservationId: null, refusals });

function claim({ scope, key, hash }: OnceKey, answer: HoldResult, i: number): object {
  return { i, scope, key, hash: hash.toString('hex'), answer };
}

type Rows = (plan: Planned, i: number) => object | object[];

const claims: Rows = (plan, i) => claim(plan.key, answerTo(plan), i);
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
