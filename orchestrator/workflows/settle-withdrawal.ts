import { counted } from '../../platform/counted.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import type { LineUnits, WithdrawalPart } from '../ports/work.ts';
import type { SourcedLine, WantedLine } from '../sourcing/model.ts';
import { groupsOf, openAndRelease, recordSources, type WorkGroups } from './fulfil-order.ts';

export interface SettleWithdrawalInput {
  /** The work. Missing in runs that earlier releases began. */
  readonly fulfillmentOrderId?: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
  /** Id of the event that gave the units back. */
  readonly decisionId: string;
  readonly locationId: string;
  /** When the node gave it back, RFC 3339. Missing in runs that earlier releases began. */
  readonly occurredAt?: string;
  /** What came back. */
  readonly lines: readonly WantedLine[];
  readonly reason: string;
  /** What asked for it. Missing in runs that earlier releases began. */
  readonly key?: string;
  readonly parts: readonly WithdrawalPart[];
}

/** What one part of the withdrawn work comes to. */
interface Share {
  readonly part: WithdrawalPart;
  readonly lines: readonly WantedLine[];
}

/** Work was taken back from its node: its units are cancelled, or opened anew as they were meant to be. */
export async function settleWithdrawal(deps: OrchestratorDeps, input: SettleWithdrawalInput): Promise<void> {
  const { orderId, traceId, decisionId, locationId } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);
  const shares = divide(input.lines, input.parts);

  await step({ name: 'hand-back', system: 'commerce' }, async () => {
    await deps.orders.handBack(orderId, unitsOf(input.lines), {
      key: `hand-back:${decisionId}`,
      traceId,
      timeline: [
        {
          type: 'WORK_TAKEN_BACK',
          system: 'wms',
          message: `${counted(count(input.lines), 'unit')} taken back from ${await deps.stock.codeOf(locationId)}: ${input.reason}`,
          ...(input.occurredAt === undefined ? {} : { occurredAt: new Date(input.occurredAt) }),
        },
      ],
    });
  });

  for (const [index, { part, lines }] of shares.entries()) {
    if (part.becomes === 'CANCEL') {
      await step({ name: `cancel-units-${index}`, system: 'commerce' }, async () => {
        await deps.orders.cancelHandedBack(
          orderId,
          unitsOf(lines),
          { reason: input.reason, locationId, request: requestOf(input, part) },
          {
            key: `cancel:${decisionId}:${index}`,
            traceId,
          },
        );
      });
      continue;
    }
    const groups = await place(deps, input, step, { index, part, lines });
    if (groups.length === 0) continue;
    const opening = { status: part.becomes, ...(part.fulfilAt === undefined ? {} : { fulfilAt: part.fulfilAt }) };
    const key = `${orderId}:withdrawn:${decisionId}:${index}`;
    const replaces = input.fulfillmentOrderId === undefined ? {} : { replaces: input.fulfillmentOrderId };
    await openAndRelease(deps, step, { orderId, traceId, key, groups, opening, ...replaces });
  }
}

/**
 * Moves the stock where the units are wanted, and says so in the order. Units that were cancelled meanwhile are left out.
 * Planning and allocating are two steps, so that an allocation repeated after a crash repeats the same plan.
 */
async function place(
  deps: OrchestratorDeps,
  { orderId, traceId, decisionId, locationId }: SettleWithdrawalInput,
  step: RunStep,
  { index, part, lines }: Share & { readonly index: number },
): Promise<WorkGroups> {
  const target = part.locationId ?? locationId;
  const moved = await step({ name: `move-stock-${index}`, system: 'commerce' }, async () => {
    const moves = lines.map((line) => ({ ...line, from: locationId, to: target }));
    return (
      target === locationId || deps.stock.move({ key: `${orderId}:withdrawn:${decisionId}:${index}`, orderId, moves })
    );
  });
  const node = moved ? target : locationId;
  for (let attempt = 0; ; attempt++) {
    const key = `withdrawn:${decisionId}:${index}:${attempt}`;
    const wanted = await step({ name: `plan-units-${index}-${attempt}`, system: 'commerce' }, async () => {
      const booked = await deps.orders.read(orderId);
      const unsourced = new Map(booked?.lines.map((line) => [line.id, line.quantities.unsourced]));
      return lines.flatMap((line): SourcedLine[] => {
        const quantity = Math.min(line.quantity, unsourced.get(line.lineId) ?? 0);
        return quantity > 0 ? [{ ...line, quantity, locationId: node }] : [];
      });
    });
    if (wanted.length === 0) return [];
    const settled = await step({ name: `allocate-units-${index}-${attempt}`, system: 'commerce' }, async () => {
      const code = await deps.stock.codeOf(node);
      const explanation = moved
        ? `${counted(count(wanted), 'unit')} given to ${code} anew`
        : `${counted(count(wanted), 'unit')} could not be moved, ${await deps.stock.codeOf(target)} does not have them: given to ${code} anew, which had them before`;
      return recordSources(deps, orderId, { sourced: wanted, waiting: [], explanation }, { key, traceId });
    });
    if (settled) return groupsOf(wanted);
  }
}

/** Who asked for units to be cancelled hears of all of them: also of those that were not there any more. */
function requestOf({ key }: SettleWithdrawalInput, part: WithdrawalPart) {
  return key === undefined || part.lines === undefined ? undefined : { id: key, units: count(part.lines) };
}

/** Pure: which of the units that came back each part gets; the last one, for the same node, gets those that none names. */
export function divide(lines: readonly WantedLine[], parts: readonly WithdrawalPart[]): Share[] {
  const left = new Map(lines.map((line) => [line.lineId, line.quantity]));
  const shares = [...parts, { becomes: 'OPEN' } as WithdrawalPart].map((part) => {
    const asked = part.lines && new Map(part.lines.map((line) => [line.lineId, line.quantity]));
    return {
      part,
      lines: lines.flatMap((line) => {
        const there = left.get(line.lineId) ?? 0;
        const quantity = asked ? Math.min(there, asked.get(line.lineId) ?? 0) : there;
        left.set(line.lineId, there - quantity);
        return quantity > 0 ? [{ ...line, quantity }] : [];
      }),
    };
  });
  return shares.filter((share) => share.lines.length > 0);
}

const unitsOf = (lines: readonly LineUnits[]) => lines.map(({ lineId, quantity }) => ({ lineId, quantity }));
const count = (lines: readonly LineUnits[]) => lines.reduce((sum, line) => sum + line.quantity, 0);
