import type { Knex } from 'knex';
import { counted } from '../../../platform/counted.ts';
import { query } from '../../../platform/db/query.ts';
import { storeTime } from '../../../platform/db/store-time.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { type FoundReturn, lockReturn, moveReturn } from './found.ts';
import { LOST_IN_TRANSIT } from './free-units.ts';
import { keepInspected } from './inspect.ts';
import { type ReturnUnits, unitsOf } from './model.ts';
import type { ReturnPolicy } from './policy.ts';

/** Tells, in the transaction that notes it, of a return that needs a person. */
export type ReportReturn = (
  trx: Knex.Transaction,
  failure: {
    readonly key: string;
    readonly cause: 'DEADLINE' | 'CONFLICT';
    readonly system: string;
    readonly operation: string;
    readonly message: string;
    readonly orderId: string;
    readonly channelCode: string;
    readonly traceId: string;
    /** What is at stake. */
    readonly units: readonly { readonly lineId: string; readonly quantity: number }[];
  },
) => Promise<void>;

export interface HousekeepingDeps {
  readonly knex: Knex;
  readonly policy: ReturnPolicy;
  readonly report: ReportReturn;
  /** Closes exceptions in the transaction of what made up for them. */
  readonly settle: (trx: Knex.Transaction, keys: readonly string[], by: string) => Promise<void>;
}

/** Returns that one round takes. */
const BATCH = 100;

/**
 * Lets returns expire that nobody sent, stops waiting for the rest of those that came in part, and tells of those that
 * need a person. Any number of workers may look.
 * @param moment that deadlines are compared with; the store's own time unless told
 * @returns how many returns were changed or told of
 */
export async function keepReturns(deps: HousekeepingDeps, moment: Date | null = null): Promise<number> {
  const now = moment ?? (await storeTime(deps.knex));
  const expired = await each(
    deps.knex,
    `select r.id from orders.return r where r.state in ('AUTHORIZED', 'LABEL_ISSUED') and r.expires_at <= ?
     order by r.expires_at limit ?`,
    [now, BATCH],
    async (trx, found, traceId) => {
      const { state, expiresAt } = found.return;
      if ((state !== 'AUTHORIZED' && state !== 'LABEL_ISSUED') || expiresAt > now) return false;
      await moveReturn(trx, found, 'EXPIRED', { traceId, message: 'expired: nothing was sent in time' });
      return true;
    },
  );
  const before = new Date(now.getTime() - deps.policy.closePartialAfterDays * 86_400_000);
  const closed = await each(
    deps.knex,
    `select r.id from orders.return r
     where r.state = 'PARTIALLY_RECEIVED' and not r.closing and r.told is null and r.last_arrival_at <= ?
     order by r.last_arrival_at limit ?`,
    [before, BATCH],
    async (trx, found, traceId) => {
      if (found.return.state !== 'PARTIALLY_RECEIVED' || found.return.closing) return false;
      // Units whose condition nobody knows cannot be decided about: a person is told instead.
      if (found.units.received > found.units.inspected) return tell(trx, deps, found, 'UNINSPECTED', traceId);
      await keepInspected(trx, found, { traceId });
      return true;
    },
  );
  const told = await each(
    deps.knex,
    'select r.id from orders.return r where r.look order by r.id limit ?',
    [BATCH],
    (trx, found, traceId) => tell(trx, deps, found, problemOf(found), traceId),
  );
  return expired + closed + told;
}

type Problem = 'LOST' | 'REJECTED' | 'UNRETURNED' | 'UNINSPECTED';

const ENDED: readonly string[] = ['CLOSED', 'CANCELLED', 'EXPIRED'];

function problemOf({ return: { state }, units, lines }: FoundReturn): Problem | null {
  // Of a parcel that was lost on the way to the buyer its own exception tells.
  if (state === 'LOST') return lines.every(({ reason }) => reason === LOST_IN_TRANSIT) ? null : 'LOST';
  if (state === 'REJECTED') return 'REJECTED';
  return ENDED.includes(state) && units.credited > units.accepted ? 'UNRETURNED' : null;
}

/** Tells of a problem once, and takes back what was told when it is no longer so. */
async function tell(
  trx: Knex.Transaction,
  deps: HousekeepingDeps,
  found: FoundReturn,
  problem: Problem | null,
  traceId: string,
): Promise<boolean> {
  const { id, number, orderId } = found.return;
  const key = (what: string) => `return:${id}:${what.toLowerCase()}`;
  const [row] = await query<{ told: string | null }>(trx, 'select told from orders.return where id = ?', [id]);
  await query(trx, 'update orders.return set told = ?, look = false where id = ?', [problem, id]);
  if (row?.told === problem) return false;
  if (row?.told != null) await deps.settle(trx, [key(row.told)], 'the return went on');
  if (problem !== null) {
    const { message, ...where } = WHAT[problem](found);
    await deps.report(trx, {
      ...where,
      key: key(problem),
      operation: `return:${problem.toLowerCase()}`,
      message: `Return ${number}: ${message}`,
      orderId,
      channelCode: found.channelCode,
      traceId,
      units: found.lines.flatMap((line) => {
        const conditions = found.conditions.filter(({ returnLineId }) => returnLineId === line.id);
        const quantity = AT_STAKE[problem](unitsOf([line], conditions));
        return quantity > 0 ? [{ lineId: line.orderLineId, quantity }] : [];
      }),
    });
  }
  return true;
}

/** How many units a problem is about. */
const AT_STAKE: Readonly<Record<Problem, (units: ReturnUnits) => number>> = {
  LOST: ({ quantity, received }) => quantity - received,
  REJECTED: ({ received }) => received,
  UNRETURNED: ({ credited, accepted }) => credited - accepted,
  UNINSPECTED: ({ received, inspected }) => received - inspected,
};

const WHAT: Readonly<
  Record<
    Problem,
    (found: FoundReturn) => {
      readonly cause: 'DEADLINE' | 'CONFLICT';
      readonly system: string;
      readonly message: string;
    }
  >
> = {
  LOST: ({ units }) => ({
    cause: 'CONFLICT',
    system: 'carrier',
    message: `the carrier lost ${counted(units.quantity - units.received, 'unit')} on the way back. Claim them from the carrier, pay the buyer back (returnRefund) if that was not done, and dismiss this. If they turn up after all, receive them (returnReceive): nothing is paid back twice.`,
  }),
  REJECTED: ({ units }) => ({
    cause: 'CONFLICT',
    system: 'commerce',
    message: `rejected, and ${counted(units.received, 'unit')} still with us. Send the goods back to the buyer from where they were received${units.credited > 0 ? `, settle with the buyer what was paid back before (${counted(units.credited, 'unit')})` : ''}, and dismiss this.`,
  }),
  UNRETURNED: ({ units }) => ({
    cause: 'DEADLINE',
    system: 'commerce',
    message: `paid back, and did not come: ${counted(units.credited - units.accepted, 'unit')}. Permit the return again (returnReopen) if the goods are on their way, or settle it with the buyer and dismiss this.`,
  }),
  UNINSPECTED: ({ units }) => ({
    cause: 'DEADLINE',
    system: 'commerce',
    message: `received a while ago, and nobody said in which condition: ${counted(units.received - units.inspected, 'unit')}. Say so (returnInspect) and resolve the return.`,
  }),
};

/** Looks at each of the returns that a statement finds, in a transaction of its own. @returns how many `look` changed */
async function each(
  knex: Knex,
  statement: string,
  values: Parameters<typeof query>[2],
  look: (trx: Knex.Transaction, found: FoundReturn, traceId: string) => Promise<boolean>,
): Promise<number> {
  let changed = 0;
  for (const { id } of await query<{ id: string }>(knex, statement, values)) {
    const done = await inTransaction(knex, async (trx) => {
      const found = await lockReturn(trx, id);
      if (!found) return false;
      const [order] = await query<{ traceId: string }>(
        trx,
        'select trace_id as "traceId" from orders.customer_order where id = ?',
        [found.return.orderId],
      );
      return look(trx, found, order?.traceId ?? '0'.repeat(32));
    });
    if (done) changed += 1;
  }
  return changed;
}
