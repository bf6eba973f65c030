import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { ResolveDeps } from '../differences/model.ts';
import { judgeArrival, lockArrivals } from './arrival.ts';
import { lookAgainAtPayouts } from './look-again.ts';

const DAY = 86_400_000;

interface Awaited {
  id: string;
  channelCode: string;
  /** The day on which it was to be paid, or the newest news of it. */
  dueAt: Date;
  missingSince: string | null;
}

/**
 * Makes a difference of each payout that did not arrive within `payoutDelayDays` of its channel: after the day on which it was
 * to be paid (the end of its statement's period where nobody told one), or after the newest news of the channel or bank about it. Takes
 * that back where there is more time now: the channel told another day, or the delay is another. It closes by itself when the money comes.
 * Before that it looks again at payouts that a version before judged otherwise.
 *
 * @returns how many payouts were looked at again
 */
export async function findMissingPayouts(knex: Knex, { rules, settings }: ResolveDeps, now: Date): Promise<number> {
  await lookAgainAtPayouts(knex, rules);
  const awaited = await query<Awaited>(
    knex,
    `select p.id, p.channel_code as "channelCode", greatest(coalesce(p.scheduled_at, s.period_end, p.changed_at), p.told_at) as "dueAt",
       to_char(p.missing_since, 'YYYY-MM-DD') as "missingSince"
     from settlement.payout p left join settlement.statement s on s.id = p.statement_id
     where p.state in ('SCHEDULED', 'IN_TRANSIT', 'FAILED') and p.amount_minor > 0 order by p.id`,
  );
  const changed = awaited
    .map((one) => ({ ...one, since: missingSince(one.dueAt, settings.channel(one.channelCode).payoutDelayDays, now) }))
    .filter(({ since, missingSince: before }) => since !== before);
  for (const { id, since } of changed)
    await inTransaction(knex, async (trx) => {
      await lockArrivals(trx);
      await change(trx, 'update settlement.payout set missing_since = ? where id = ?', [since, id]);
      await judgeArrival(trx, rules, id, 'system');
    });
  return changed.length;
}

/** The last day on which it could have come, YYYY-MM-DD; null while that is not over. */
function missingSince(dueAt: Date, days: number, now: Date): string | null {
  const last = dayOf(new Date(dueAt.getTime() + days * DAY));
  return last < dayOf(now) ? last : null;
}

const dayOf = (at: Date) => at.toISOString().slice(0, 10);
