import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { newId } from '../../../platform/ids.ts';
import { checkNote } from '../differences/resolve.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { lockForReversal, type ReversalObstacle, reverseStatement } from './reverse.ts';

/** Who takes a settlement back, and who said the same. */
export interface Reversal {
  readonly statementId: string;
  readonly note: string;
  readonly proposedBy: string;
  readonly approvedBy: string | null;
  readonly proposedAt: Date;
  readonly takenAt: Date | null;
}

/** Null when the settlement was taken back. */
export type ReversalRefusal = {
  readonly code: ReversalObstacle['code'] | 'SECOND_APPROVER_REQUIRED';
  readonly message: string;
} | null;

/**
 * Proposes that a settlement is taken back; takes it back when somebody else proposed it before. All or nothing.
 *
 * @param actor who wants it: two different ones have to
 * @throws CommerceError BAD_USER_INPUT when the note says nothing
 */
export async function reverseByTwo(
  trx: Knex.Transaction,
  rules: PostingRules,
  statementId: string,
  note: string,
  actor: string,
): Promise<ReversalRefusal> {
  checkNote(note);
  const obstacle = await lockForReversal(trx, statementId);
  if (obstacle) return obstacle;
  const [proposal] = await query<{ id: string; actor: string }>(
    trx,
    'select id, actor from settlement.reversal where statement_id = ? and taken_at is null',
    [statementId],
  );
  if (!proposal || proposal.actor === actor) {
    if (!proposal)
      await change(trx, 'insert into settlement.reversal (id, statement_id, note, actor) values (?, ?, ?, ?)', [
        newId('decision'),
        statementId,
        note,
        actor,
      ]);
    return {
      code: 'SECOND_APPROVER_REQUIRED',
      message: `The reversal of ${statementId} is proposed. It is done when somebody else asks for the same.`,
    };
  }
  await change(trx, 'update settlement.reversal set approved_by = ?, taken_at = clock_timestamp() where id = ?', [
    actor,
    proposal.id,
  ]);
  await reverseStatement(trx, rules, statementId, actor);
  return null;
}

/** By settlement; absent where nobody proposed one. */
export async function readReversals(db: Knex, statementIds: readonly string[]): Promise<Map<string, Reversal>> {
  const rows = await query<Reversal>(
    db,
    `select statement_id as "statementId", note, actor as "proposedBy", approved_by as "approvedBy", made_at as "proposedAt", taken_at as "takenAt"
     from settlement.reversal where statement_id = any(?::text[])`,
    [statementIds],
  );
  return new Map(rows.map((row) => [row.statementId, row]));
}
