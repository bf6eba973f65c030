import type { Knex } from 'knex';
import { recordAction } from '../../platform/audit/audit.ts';
import { counted } from '../../platform/counted.ts';
import { query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { runOnce } from '../../platform/idempotency/run-once.ts';
import type { FulfillmentContext } from './context.ts';
import type { FulfillmentRefusal } from './errors.ts';
import { changeWork, tellCommand, type WorkCommand } from './events.ts';
import { mayWorkOn } from './loaders.ts';
import { MAX_MERGED, mergeProblem, mergeWork } from './merge.ts';
import { availableTransitions, type FulfillmentOrder, type FulfillmentOrderLine, remainingUnits } from './model.ts';
import type { FulfillmentTransition } from './states.ts';
import { movedWork } from './successors.ts';
import { type WithdrawalPart, withdrawWork } from './withdrawals.ts';
import { lockWorks, readLines } from './work.ts';

/** Every command names its attempt, and says why for the audit. */
interface Told {
  readonly idempotencyKey: string;
  readonly reason: string;
}

interface Result {
  readonly fulfillmentOrderId: string | null;
  readonly refusals: readonly FulfillmentRefusal[];
}

interface Command {
  readonly name: string;
  readonly transition: FulfillmentTransition;
  /** Other work that it is about: locked along with the first. */
  readonly others?: readonly string[];
  /** What the order's timeline says of it besides who asked, when and why. */
  readonly told?: Omit<WorkCommand, 'command' | 'reason' | 'askedAt'>;
  /** Does it, or says why not: then nothing may have been changed. */
  run(
    trx: Knex.Transaction,
    work: FulfillmentOrder,
    lines: readonly FulfillmentOrderLine[],
    others: readonly FulfillmentOrder[],
  ): Promise<FulfillmentRefusal | null>;
}

const MAX_REASON = 200;

type Args<Input> = { fulfillmentOrderId: string; input: Input & Told };

/** What operators do with work before its node has taken it on. Work that the node knows of is asked back first. */
export const operatorCommands = {
  fulfillmentOrderHold: (_: unknown, { fulfillmentOrderId, input }: Args<object>, context: FulfillmentContext) =>
    run(context, fulfillmentOrderId, input, {
      name: 'fulfillmentOrderHold',
      transition: 'HOLD',
      run: (trx, work, lines) => wait(trx, work, lines, 'HOLD', { becomes: 'ON_HOLD' }),
    }),

  fulfillmentOrderReleaseHold: (_: unknown, { fulfillmentOrderId, input }: Args<object>, context: FulfillmentContext) =>
    run(context, fulfillmentOrderId, input, { name: 'fulfillmentOrderReleaseHold', transition: 'RELEASE_HOLD', run: open }), // biome-ignore format: one thought

  fulfillmentOrderSchedule: (
    _: unknown,
    { fulfillmentOrderId, input }: Args<{ fulfilAt: string }>,
    context: FulfillmentContext,
  ) =>
    run(context, fulfillmentOrderId, input, {
      name: 'fulfillmentOrderSchedule',
      transition: 'SCHEDULE',
      told: { fulfilAt: new Date(input.fulfilAt).toISOString() },
      run: async (trx, work, lines) => {
        const fulfilAt = new Date(input.fulfilAt);
        if (fulfilAt <= new Date())
          return refusal('INVALID_INPUT', 'fulfilAt is over. Give a time to come.', 'fulfilAt');
        return wait(trx, work, lines, 'SCHEDULE', { becomes: 'SCHEDULED', fulfilAt: fulfilAt.toISOString() });
      },
    }),

  fulfillmentOrderMarkAsOpen: (_: unknown, { fulfillmentOrderId, input }: Args<object>, context: FulfillmentContext) =>
    run(context, fulfillmentOrderId, input, { name: 'fulfillmentOrderMarkAsOpen', transition: 'MARK_AS_OPEN', run: open }), // biome-ignore format: one thought

  fulfillmentOrderMove: (
    _: unknown,
    { fulfillmentOrderId, input }: Args<{ locationId: string }>,
    context: FulfillmentContext,
  ) =>
    movedPayload(
      context,
      fulfillmentOrderId,
      run(context, fulfillmentOrderId, input, {
        name: 'fulfillmentOrderMove',
        transition: 'MOVE',
        told: { targetLocationId: input.locationId },
        run: async (trx, work, lines) => {
          if (input.locationId === work.locationId)
            return refusal('INVALID_INPUT', 'The work is there already. Name another location.', 'locationId');
          const lacking = await lackAt(context, trx, work.orderId, input.locationId, lines);
          if (lacking !== null) return refusal('INVALID_INPUT', lacking, 'locationId');
          return takeBack(trx, work, lines, 'MOVE', { becomes: 'OPEN', locationId: input.locationId });
        },
      }),
    ),

  fulfillmentOrderSplit: (
    _: unknown,
    { fulfillmentOrderId, input }: Args<{ lines: readonly { fulfillmentOrderLineId: string; quantity: number }[] }>,
    context: FulfillmentContext,
  ) =>
    run(context, fulfillmentOrderId, input, {
      name: 'fulfillmentOrderSplit',
      transition: 'SPLIT',
      told: { units: input.lines.reduce((sum, line) => sum + line.quantity, 0) },
      run: async (trx, work, lines) => {
        const apart = readSplit(lines, input.lines);
        return 'code' in apart ? apart : takeBack(trx, work, lines, 'SPLIT', { becomes: 'OPEN', ...apart });
      },
    }),

  fulfillmentOrderMerge: (
    _: unknown,
    { fulfillmentOrderId, input }: Args<{ fulfillmentOrderIds: readonly string[] }>,
    context: FulfillmentContext,
  ) =>
    run(context, fulfillmentOrderId, input, {
      name: 'fulfillmentOrderMerge',
      transition: 'MERGE',
      told: { merged: input.fulfillmentOrderIds.length },
      others: input.fulfillmentOrderIds.slice(0, MAX_MERGED),
      run: async (trx, work, _lines, others) => {
        const problem = mergeProblem(work, input.fulfillmentOrderIds, others);
        if (!problem) await mergeWork(trx, work, others);
        return problem;
      },
    }),
};

/** Runs a command once per idempotency key, on locked work whose state allows it, and records it in the audit. */
async function run(context: FulfillmentContext, fulfillmentOrderId: string, input: Told, command: Command) {
  const { caller } = context;
  if (input.reason.trim() === '' || input.reason.length > MAX_REASON)
    throw new CommerceError('BAD_USER_INPUT', `input.reason must say in 1 to ${MAX_REASON} characters why.`);
  const key = { caller, operation: command.name, key: input.idempotencyKey, input: { fulfillmentOrderId, input } };
  const outcome = await runOnce<Result>(context.knex, key, async (trx) => {
    const locked = await lockWorks(trx, [fulfillmentOrderId, ...(command.others ?? [])]);
    const visible = locked.filter((each) => mayWorkOn(caller, each));
    const work = visible.find((each) => each.id === fulfillmentOrderId);
    const others = visible.filter((each) => each !== work);
    if (!work)
      return { fulfillmentOrderId: null, refusals: [{ code: 'NOT_FOUND', message: 'There is no such work.', field: ['fulfillmentOrderId'] }] }; // biome-ignore format: one thought
    const allowed = availableTransitions(work);
    if (!allowed.includes(command.transition)) {
      const message = `The work is ${work.status}/${work.requestStatus}; it can be: ${allowed.join(', ') || 'nothing'}.`;
      return { fulfillmentOrderId: work.id, refusals: [{ code: 'ILLEGAL_TRANSITION', message, field: ['fulfillmentOrderId'] }] }; // biome-ignore format: one thought
    }
    const lines = await readLines(trx, work.id);
    const units = lines.reduce((sum, line) => sum + remainingUnits(line), 0);
    const told = {
      units: units || undefined,
      ...command.told,
      command: command.transition,
      reason: input.reason,
      askedAt: new Date(),
    };
    const problem = await command.run(trx, work, lines, others);
    if (problem) return { fulfillmentOrderId: work.id, refusals: [problem] };
    await recordAction(trx, caller, { action: command.name, subject: work.id, reason: input.reason });
    await tellCommand(trx, caller, work, told);
    return { fulfillmentOrderId: work.id, refusals: [] };
  });
  switch (outcome.kind) {
    case 'done':
      if (outcome.replayed) markReplayed(context);
      return payload(context, outcome.result);
    case 'conflict': {
      const message = 'This key was used with another input. Use a new key for a new request.';
      return payload(context, { fulfillmentOrderId: null, refusals: [{ code: 'IDEMPOTENCY_CONFLICT', message, field: ['input', 'idempotencyKey'] }] }); // biome-ignore format: one thought
    }
    case 'inFlight':
      throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'A request with this key is still running. Repeat it shortly.');
  }
}

async function payload(context: FulfillmentContext, { fulfillmentOrderId: id, refusals }: Result) {
  return { fulfillmentOrder: id === null ? null : await context.loaders.work.clear(id).load(id), userErrors: refusals };
}

/** Who moved work gets the work at the other node. */
async function movedPayload(context: FulfillmentContext, id: string, answer: ReturnType<typeof run>) {
  const result = await answer;
  return result.userErrors.length > 0 ? result : { ...result, fulfillmentOrder: await movedWork(context, id) };
}

/** Lets work wait. Work that its node has is asked back, and opened anew as waiting. */
async function wait(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
  reason: FulfillmentTransition,
  part: WithdrawalPart & { readonly becomes: 'ON_HOLD' | 'SCHEDULED' },
): Promise<null> {
  if (work.requestStatus !== 'UNSUBMITTED') return takeBack(trx, work, lines, reason, part);
  await query(trx, 'update fulfillment.fulfillment_order set fulfil_at = ? where id = ?', [part.fulfilAt ?? null, work.id]); // biome-ignore format: one thought
  await changeWork(trx, work, { status: part.becomes, requestStatus: 'UNSUBMITTED' }, lines);
  return null;
}

async function open(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
): Promise<null> {
  await changeWork(trx, work, { status: 'OPEN', requestStatus: work.requestStatus }, lines);
  return null;
}

async function takeBack(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
  reason: FulfillmentTransition,
  part: WithdrawalPart,
): Promise<null> {
  await withdrawWork(trx, work, lines, { key: `command:${work.id}`, reason, parts: [part] });
  return null;
}

/** Why the units of work cannot go to a location: it does not have them. Null when it has them all. */
async function lackAt(
  { freeUnits }: FulfillmentContext,
  trx: Knex.Transaction,
  orderId: string,
  locationId: string,
  lines: readonly FulfillmentOrderLine[],
): Promise<string | null> {
  if (!freeUnits) return null;
  const wanted = new Map<string, number>();
  for (const line of lines) wanted.set(line.sku, (wanted.get(line.sku) ?? 0) + remainingUnits(line));
  const there = await freeUnits(trx, orderId, locationId, [...wanted.keys()]);
  if (!there) return 'There is no such location.';
  const lacking = [...wanted].flatMap(([sku, units]) => {
    const free = there.free.get(sku) ?? 0;
    return free < units ? [`${free} of ${sku} for this order, not ${units}`] : [];
  });
  return lacking.length === 0
    ? null
    : `${there.code} has ${lacking.join(' and ')}. Name a location that has what the work is about, or split it.`;
}

/** The units that become work of their own: at least one, and not all. */
function readSplit(
  lines: readonly FulfillmentOrderLine[],
  asked: readonly { readonly fulfillmentOrderLineId: string; readonly quantity: number }[],
): { readonly lines: { lineId: string; quantity: number }[] } | FulfillmentRefusal {
  const left = new Map(lines.map((line) => [line.id, remainingUnits(line)]));
  const orderLineOf = new Map(lines.map((line) => [line.id, line.orderLineId]));
  const apart: { lineId: string; quantity: number }[] = [];
  for (const [index, { fulfillmentOrderLineId, quantity }] of asked.entries()) {
    const remaining = left.get(fulfillmentOrderLineId);
    const lineId = orderLineOf.get(fulfillmentOrderLineId);
    if (remaining === undefined || lineId === undefined || apart.some((other) => other.lineId === lineId))
      return refusal('INVALID_INPUT', 'Name lines of this work, each once.', 'lines', String(index));
    if (quantity < 1 || quantity > remaining)
      return refusal('QUANTITY_EXCEEDS_REMAINING', `At most ${counted(remaining, 'unit')} of this line can be split off, at least one.`, 'lines', String(index)); // biome-ignore format: one thought
    left.set(fulfillmentOrderLineId, remaining - quantity);
    apart.push({ lineId, quantity });
  }
  if (apart.length === 0 || [...left.values()].every((units) => units === 0))
    return refusal('INVALID_INPUT', 'Split off some units, not none and not all.', 'lines');
  return { lines: apart };
}

const refusal = (code: FulfillmentRefusal['code'], message: string, ...field: string[]): FulfillmentRefusal => ({
  code,
  message,
  field: ['input', ...field],
});
