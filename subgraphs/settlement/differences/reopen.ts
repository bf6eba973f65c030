import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { newId } from '../../../platform/ids.ts';
import { appendEntries } from '../ledger/append.ts';
import { readEntries } from '../ledger/read.ts';
import { lockJudging } from '../matching/judge-due.ts';
import { lockForDecision } from '../payouts/follow-decision.ts';
import { unmatchByHand } from './match-by-hand.ts';
import type { ResolveDeps } from './model.ts';
import {
  checkNote,
  lockDifference,
  lookAgainAt,
  type ResolveResult,
  refused,
  setState,
  takenBackToday,
} from './resolve.ts';

/**
 * Takes a decision back: its posting is reversed, the difference is open again. A difference that explained itself
 * cannot be opened: it is no difference any more.
 *
 * @throws CommerceError BAD_USER_INPUT when the note says nothing
 */
export async function reopenDifference(
  trx: Knex.Transaction,
  deps: ResolveDeps,
  exceptionId: string,
  note: string,
  actor: string,
): Promise<ResolveResult> {
  checkNote(note);
  await lockJudging(trx);
  await lockForDecision(trx, exceptionId);
  const difference = await lockDifference(trx, exceptionId);
  if (!difference) return refused(null, 'NOT_FOUND', 'There is no such difference.', 'exceptionId');
  const [decision] = await query<{ id: string; resolution: string; entryId: string | null }>(
    trx,
    `select id, resolution, entry_id as "entryId" from settlement.decision
     where exception_id = ? and state in ('TAKEN', 'PROPOSED') and resolution <> 'REOPEN' order by made_at desc limit 1`,
    [exceptionId],
  );
  if (!decision) return refused(exceptionId, 'NOT_DECIDED', 'Nobody decided about it, so there is nothing to take back.', 'exceptionId'); // biome-ignore format: one thought
  await change(trx, `update settlement.decision set state = 'UNDONE', settled_at = clock_timestamp() where id = ?`, [
    decision.id,
  ]);
  await setState(trx, difference, 'OPEN');
  const standing =
    decision.resolution === 'MATCH_TO_ORDER'
      ? await unmatchByHand(trx, deps, difference, decision.id)
      : decision.entryId === null
        ? []
        : [decision.entryId];
  await lookAgainAt(trx, difference, actor);
  const entries = [...(await readEntries(trx, standing)).values()];
  const reversals = await takenBackToday(trx, entries, 'Reopened', actor);
  const ids = await appendEntries(trx, deps.rules, reversals);
  const entryId = ids.get(reversals[0]?.cause ?? '') ?? null;
  await query(
    trx,
    `insert into settlement.decision (id, exception_id, resolution, note, actor, amount_minor, currency_code, state, entry_id, settled_at)
     values (?, ?, 'REOPEN', ?, ?, ?, ?, 'TAKEN', ?, clock_timestamp())`,
    [newId('decision'), exceptionId, note, actor, difference.differenceMinor, difference.currencyCode, entryId],
  );
  return { exceptionId, entryId, userErrors: [] };
}
