import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller } from '../../../platform/caller.ts';
import { counted } from '../../../platform/counted.ts';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { lockOrder } from '../change.ts';
import type { SettleExceptions } from '../duties/duty.ts';
import type { ReportImport } from '../imports/refused-imports.ts';
import type { OrderLine } from '../model.ts';
import type { PlatformReturn, ReturnPlatform } from '../port.ts';
import { lockReturn } from '../returns/found.ts';
import { recordReturnLabel, returnParcelMoved } from '../returns/label.ts';
import { authorizeReturn, cancelReturn } from '../returns/permit.ts';
import type { ReturnPolicy } from '../returns/policy.ts';
import { requestReturn } from '../returns/request.ts';
import type { StrandedParcels } from '../returns/stranded-parcels.ts';

export interface PlatformReturnDeps {
  readonly knex: Knex;
  readonly policy: ReturnPolicy;
  readonly parcels: StrandedParcels;
  readonly report: ReportImport;
  readonly settle: SettleExceptions;
}

export interface OpenPlatform {
  readonly account: string;
  readonly platform: Pick<ReturnPlatform, 'read'>;
  readonly channels: readonly string[];
}

/** Under this name returns that could not be taken are tried again. */
export const PLATFORM_RETURNS = 'order:platform-returns';
/** How long it is waited for the delivery that a return is of, and how often it is looked for. */
const AWAITED_DAYS = 14;
const LOOK_AGAIN_MINUTES = 5;
const BATCH = 50;

interface Row {
  readonly externalId: string;
  readonly record: unknown;
  readonly returnId: string | null;
  /** Whether its delivery is not waited for any more. */
  readonly isLate: boolean;
}

/** What came of taking a return: `problem` is for an operator, without personal data. */
type Outcome =
  | { readonly kind: 'TAKEN'; readonly returnId: string | null }
  | { readonly kind: 'WAITS' }
  | { readonly kind: 'TOLD'; readonly operation: string; readonly cause: 'MAPPING' | 'CONFLICT'; readonly problem: string; readonly returnId: string | null; readonly channelCode: string; readonly orderId: string | null; readonly key?: string }; // biome-ignore format: one case

/** Takes the returns of a platform that are due, each in a transaction of its own. Any number of workers may. @returns how many */
export async function takeDue(deps: PlatformReturnDeps, platform: OpenPlatform, now: Date): Promise<number> {
  for (let count = 0; count < BATCH; count += 1) {
    const isTaken = await inTransaction(deps.knex, async (trx) => {
      const [row] = await rows(trx, platform, 'and due_at <= now() order by due_at limit 1 for update skip locked', []);
      if (row) await takeOne(trx, deps, platform, row, now);
      return row !== undefined;
    });
    if (!isTaken) return count;
  }
  return BATCH;
}

/** Takes one again that was told of. */
export async function takeReturnAgain(deps: PlatformReturnDeps, platform: OpenPlatform, externalId: string, now: Date) {
  return inTransaction(deps.knex, async (trx) => {
    const [row] = await rows(trx, platform, 'and external_id = ? for update', [externalId]);
    if (!row) return { kind: 'gone' as const };
    const outcome = await takeOne(trx, deps, platform, row, now);
    return outcome.kind === 'TOLD'
      ? { kind: 'failed' as const, cause: outcome.cause, message: messageOf(platform, row, outcome.problem) }
      : { kind: 'handled' as const };
  });
}

const rows = (trx: Knex.Transaction, { account }: OpenPlatform, rest: string, values: readonly string[]) =>
  query<Row>(
    trx,
    `select external_id as "externalId", record, return_id as "returnId",
       heard_at < now() - ${AWAITED_DAYS} * interval '1 day' as "isLate"
     from orders.platform_return where account = ? ${rest}`,
    [account, ...values],
  );

async function takeOne(trx: Knex.Transaction, deps: PlatformReturnDeps, platform: OpenPlatform, row: Row, now: Date): Promise<Outcome> {
  const { account } = platform;
  const caller: Caller = { contract: 'operations', clientId: `returns:${account}`, channel: null, customerId: null, scopes: ['returns:process'], traceId: randomBytes(16).toString('hex') };
  const outcome = await follow(trx, deps, platform, row, caller, now);
  const key = keyOf(account, row.externalId);
  await change(
    trx,
    `update orders.platform_return set return_id = coalesce(?, return_id), due_at = case when ? then now() + ? * interval '1 minute' end
     where account = ? and external_id = ?`,
    [outcome.kind === 'WAITS' ? null : outcome.returnId, outcome.kind === 'WAITS', LOOK_AGAIN_MINUTES, account, row.externalId],
  );
  if (outcome.kind === 'TAKEN') await deps.settle(trx, [key]);
  if (outcome.kind === 'TOLD')
    await deps.report(trx, {
      key: outcome.key ?? key,
      cause: outcome.cause,
      system: account,
      operation: outcome.operation,
      message: messageOf(platform, row, outcome.problem),
      channelCode: outcome.channelCode,
      orderId: outcome.orderId,
      traceId: caller.traceId,
      setAside: { by: PLATFORM_RETURNS, id: `${account}:${row.externalId}` },
    });
  return outcome;
} // biome-ignore format: one thought

const keyOf = (account: string, externalId: string) => `platform-return:${account}:${externalId}`;
const messageOf = ({ account }: OpenPlatform, { externalId }: Row, problem: string) =>
  `Return ${externalId.slice(0, 40)} of ${account}: ${problem}`;

async function follow(trx: Knex.Transaction, deps: PlatformReturnDeps, platform: OpenPlatform, row: Row, caller: Caller, now: Date): Promise<Outcome> {
  const told = platform.platform.read(row.record);
  const [channelCode = ''] = platform.channels;
  if ('problem' in told)
    return { kind: 'TOLD', operation: 'read-return', cause: 'MAPPING', problem: `it is kept as it came and is not taken: ${told.problem}. Add the word, restart, and retry.`, returnId: null, channelCode, orderId: null };
  if (row.returnId !== null) return goOn(trx, deps, row.returnId, told, platform, caller);
  // Nothing comes, and nothing was known of it.
  if (told.phase === 'WITHDRAWN' || told.phase === 'EXPIRED') return { kind: 'TAKEN', returnId: null };
  const orders = await query<{ id: string; channelCode: string }>(
    trx,
    `select id, channel_code as "channelCode" from orders.customer_order
     where channel_code = any (?::text[]) and (channel_order_id = any (?::text[]) or number = any (?::text[])) limit 2`,
    [platform.channels, told.orderNames, told.orderNames],
  );
  const [order] = orders;
  if (!order || orders.length > 1)
    return { kind: 'TOLD', operation: 'match-return', cause: 'MAPPING', problem: `${order ? 'more than one order' : 'no order'} of ${platform.channels.join(', ')} has the name that it gives. Request the return by hand if the goods are ours, and dismiss this.`, returnId: null, channelCode, orderId: null };
  const found = await lockOrder(trx, order.id);
  const lines = found && wishedLines(told, found.lines);
  const about = { returnId: null, channelCode: order.channelCode, orderId: order.id };
  if (!found || !lines)
    return { kind: 'TOLD', operation: 'match-return', cause: 'MAPPING', problem: 'the order has no line for an item of it. Request the return by hand, and dismiss this.', ...about };
  const { returnId, refusals: [refusal] } = await requestReturn(trx, caller, deps.policy, deps.parcels, order.id, { lines }, now);
  if (refusal?.code === 'QUANTITY_EXCEEDS_DELIVERED' && !row.isLate && isUnderway(found.lines)) return { kind: 'WAITS' };
  if (returnId === null)
    return { kind: 'TOLD', operation: 'request-return', cause: 'CONFLICT', problem: `it is refused here (${refusal?.code ?? 'UNKNOWN'}). ${refusal?.message ?? ''} Tell the platform, or request what may come back by hand.`, ...about };
  const outcome = await goOn(trx, deps, returnId, told, platform, caller);
  if (outcome.kind !== 'TAKEN' || !(told.wantsGoods || told.wantsCredit)) return outcome;
  const promised = told.wantsGoods ? `goods in exchange (${told.goods.join(', ') || 'the platform does not say which'}). Send them with returnExchange, or see whether the platform's order came in` : 'credit at the platform. See that the money is not paid back as well (returnExchange, returnReject, or the finance desk)';
  return { kind: 'TOLD', operation: 'exchange-return', cause: 'CONFLICT', problem: `the buyer is promised ${promised}, and dismiss this.`, ...about, returnId, key: `platform-exchange:${platform.account}:${row.externalId}` };
} // biome-ignore format: one thought

/** Units that are not with the buyer, and may get there. */
function isUnderway(lines: readonly OrderLine[]): boolean {
  return lines.some(
    ({ quantities: { ordered, cancelled, delivered, lost } }) => ordered - cancelled - lost > delivered,
  );
}

/** The lines of an order that a platform's items are units of; null when one is of none. */
function wishedLines(told: PlatformReturn, lines: readonly OrderLine[]) {
  const wishes = new Map<string, { orderLineId: string; quantity: number; reason: string; note: string | null }>();
  for (const { channelLineId, sku, reason, note } of told.units) {
    const own = lines.filter((line) => channelLineId !== null && line.channelLineId === channelLineId);
    const same = own.length > 0 ? own : lines.filter((line) => line.sku === sku);
    const line = same.find(({ id, quantities }) => (wishes.get(id)?.quantity ?? 0) < quantities.ordered) ?? same[0];
    if (!line) return null;
    const quantity = (wishes.get(line.id)?.quantity ?? 0) + 1;
    wishes.set(line.id, { orderLineId: line.id, quantity, reason, note: reason === 'OTHER' ? note : null });
  }
  return [...wishes.values()];
}

/** Brings a return that is here to where the platform has it. */
async function goOn(trx: Knex.Transaction, deps: PlatformReturnDeps, returnId: string, told: PlatformReturn, { account }: OpenPlatform, caller: Caller): Promise<Outcome> {
  const found = await lockReturn(trx, returnId);
  if (!found) throw new Error('the return is gone');
  const { state, orderId } = found.return;
  const about = { returnId, channelCode: found.channelCode, orderId };
  const units = found.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  if (units !== told.units.length)
    return { kind: 'TOLD', operation: 'changed-return', cause: 'CONFLICT', problem: `it has ${counted(told.units.length, 'unit')} there and ${units} here. What was requested stands; change it by hand, and dismiss this.`, ...about };
  if (told.phase === 'WITHDRAWN' || told.phase === 'EXPIRED') {
    if (state === 'CANCELLED' || state === 'EXPIRED' || state === 'DECLINED') return { kind: 'TAKEN', returnId };
    const { refusals } = await cancelReturn(trx, caller, returnId);
    return refusals.length === 0
      ? { kind: 'TAKEN', returnId }
      : { kind: 'TOLD', operation: 'late-withdrawal', cause: 'CONFLICT', problem: `it is given up there, and is ${state} here: goods or money are on their way. Settle it with the buyer, and dismiss this.`, ...about };
  }
  if (told.phase !== 'ASKED' && state === 'REQUESTED') await authorizeReturn(trx, caller, deps.policy, returnId);
  await followLabels(trx, returnId, told, account, caller);
  if (told.phase === 'ENDED' && (state === 'AUTHORIZED' || state === 'LABEL_ISSUED' || state === 'IN_TRANSIT'))
    return { kind: 'TOLD', operation: 'ended-return', cause: 'CONFLICT', problem: `it is closed there, and its goods have not arrived here (${state}): the buyer may have the money already. See what was paid; receive or cancel it, and dismiss this.`, ...about };
  return { kind: 'TAKEN', returnId };
} // biome-ignore format: one thought

async function followLabels(trx: Knex.Transaction, returnId: string, told: PlatformReturn, account: string, { traceId }: Caller): Promise<void> {
  for (const { carrier, trackingNumber, moved } of told.labels) {
    const key = `${account}:label:${returnId}:${carrier}:${trackingNumber}`.slice(0, 200);
    await recordReturnLabel(trx, returnId, { carrier, trackingNumber }, { key, traceId });
    if (moved !== null) await returnParcelMoved(trx, returnId, moved, { key: `${key}:${moved}`.slice(0, 240), traceId });
  }
} // biome-ignore format: one thought
