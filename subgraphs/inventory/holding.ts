import type { Knex } from 'knex';
import { prepared } from '../../platform/db/query.ts';
import type { OnceKey, OnceOutcome } from '../../platform/idempotency/once-key.ts';
import { runAlone } from '../../platform/idempotency/run-once.ts';
import { shareRunning } from '../../platform/idempotency/single-flight.ts';
import { newId } from '../../platform/ids.ts';
import { AGAIN, ALONE, MicroBatcher, type Settled } from '../../platform/micro-batch/micro-batcher.ts';
import { STOCK_PACE } from '../../platform/micro-batch/pace.ts';
import { fewestSources } from '../../platform/supply/fewest-sources.ts';
import { type OfferRow, offerOf, recipesOf, type TermsRow, takeRows, termsOf } from '../../platform/supply/rows.ts';
import { isServed, serve, type Units } from '../../platform/supply/serve.ts';
import { Supply, type Take } from '../../platform/supply/supply.ts';
import { tellLines } from '../../platform/supply/tell-lines.ts';
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
   * @throws CommerceError OVERLOADED before anything was done, REQUEST_ABORTED, DATABASE_UNAVAILABLE; what `mayDecide` throws
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
  /** As they are asked for; a bundle counts whole bundles. */
  readonly takes: readonly Take[];
  /** What each SKU is made of; null for one that is no bundle. */
  readonly recipes: ReadonlyMap<string, Units | null>;
  readonly withheld: Units;
}

interface Refused {
  readonly key: OnceKey;
  readonly refusals: readonly HoldRefusal[];
}

/** @param mayDecide rejects while nobody can say what is there; nothing is done or kept then. Default: always */
export function createHolding(knex: Knex, mayDecide: () => Promise<void> = async () => undefined): Holding {
  const batcher = new MicroBatcher<Asked, OnceOutcome<HoldResult>>({
    name: 'holds',
    settle: (asked) => settleBatch(knex, asked),
    alone: ({ key, request }) => runAlone<HoldResult>(knex, key, (trx) => holdStock(trx, request)),
    weight: ({ request }) => request.lines.length + 1,
    limits: STOCK_PACE,
  });
  return {
    async hold(key, request, signal) {
      await mayDecide();
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

/** @returns AGAIN when only those before it are in the way; ALONE when it takes more than a batch understands */
function planHold(
  { request, key }: Asked,
  terms: ReadonlyMap<string, TermsRow> | undefined,
  supply: Supply,
): Planned | Refused | typeof AGAIN | typeof ALONE {
  const units = new Map<string, number>();
  for (const { sku, quantity } of request.lines) units.set(sku, (units.get(sku) ?? 0) + quantity);
  if ([...units.keys()].some((sku) => terms?.get(sku)?.is_unusual !== false)) return ALONE;
  const rules = new Map([...(terms ?? [])].map(([sku, row]) => [sku, termsOf(row, request.safetyStock)]));
  const outcome = serve({ units, mayWait: false, termsOf: (sku) => rules.get(sku) }, supply, fewestSources);
  if (outcome === 'unclear') return ALONE;
  if (outcome === 'crowded') return AGAIN;
  if (!isServed(outcome)) return { key, refusals: shortages(request, outcome.most) };
  const kept = [...outcome.kept].filter(([, left]) => left > 0);
  const recipes = new Map([...units.keys()].flatMap((sku) => [[sku, rules.get(sku)?.parts ?? null] as const]));
  return { key, request, id: newId('reservation'), takes: outcome.given, recipes, withheld: new Map(kept) };
}

/** @param most units of the SKUs of which there are too few */
function shortages({ lines }: HoldRequest, most: Units): HoldRefusal[] {
  return tellLines(lines, most, (sku, index, rest) => outOfStock(sku, index, most.get(sku) ?? 0, rest));
}

/** All units of a batch, and what channels leave to others. A rule that withholds more only sends its holds alone. */
function enoughFor(batch: readonly Asked[]): number {
  const units = batch.flatMap(({ request }) => request.lines).reduce((sum, line) => sum + line.quantity, 0);
  return Math.min(2_000_000_000, units + Math.max(...batch.map(({ request }) => request.safetyStock)));
}

/** @param enough units of which no request of the batch can want more: then the exact number does not matter */
async function readSupply(knex: Knex, skus: readonly string[], enough: number): Promise<Supply> {
  const rows = await prepared<OfferRow>(knex, 'select * from inventory.batch_supply(?::text[], ?)', [skus, enough]);
  return new Supply(rows.map(offerOf));
}

async function readTerms(
  knex: Knex,
  channelCode: string | null,
  skus: readonly string[],
): Promise<Map<string, TermsRow>> {
  // Holds wait for nothing.
  const rows = await prepared<TermsRow>(knex, 'select * from inventory.sale_terms(?, ?::text[], false)', [
    channelCode,
    skus,
  ]);
  return new Map(rows.map((row) => [row.sku, row]));
}

const answerTo = ({ id }: Planned): HoldResult => ({ reservationId: id, refusals: [] });
const refusalTo = ({ refusals }: Refused): HoldResult => ({ reservationId: null, refusals });

function claim({ scope, key, hash }: OnceKey, answer: HoldResult, i: number): object {
  return { i, scope, key, hash: hash.toString('hex'), answer };
}

type Rows = (plan: Planned, i: number) => object | object[];

const claims: Rows = (plan, i) => claim(plan.key, answerTo(plan), i);
const holds: Rows = ({ id, request, recipes }, i) => ({
  i,
  id,
  ttl_seconds: request.ttlSeconds,
  channel_code: request.channelCode,
  customer_id: request.customerId,
  recipes: recipesOf(recipes),
});
const takes: Rows = (plan, i) =>
  plan.takes.flatMap((take, index) =>
    takeRows(take, { i, line_id: null }, plan.recipes.get(take.item) ?? null, index + 1),
  );
const withheld: Rows = (plan, i) => [...plan.withheld].map(([sku, units]) => ({ i, sku, units }));
