import type { Knex } from 'knex';
import type { Caller } from '../caller.ts';
import { query } from '../db/query.ts';

/** What an operator did. */
export interface Action {
  /** Name of the mutation. */
  readonly action: string;
  /** Id of the object it was done to. */
  readonly subject: string;
  /** Why, in the operator's words or as a code; null where the contract asks for none. */
  readonly reason: string | null;
}

/** Writes an action to the audit chain. @param trx the transaction of the action itself */
export async function recordAction(
  trx: Knex.Transaction,
  caller: Pick<Caller, 'clientId' | 'contract' | 'traceId'>,
  { action, subject, reason }: Action,
): Promise<void> {
  await query(trx, 'select integration.record_audit(?, ?, ?, ?, ?, ?)', [
    caller.clientId,
    caller.contract,
    action,
    subject,
    reason,
    caller.traceId,
  ]);
}

export interface AuditState {
  readonly rows: number;
  /** Hash of the newest row, in hex; null when there is none. */
  readonly head: string | null;
  /** Where the chain is broken, first place first. */
  readonly faults: readonly { readonly position: number; readonly fault: string }[];
}

/** Checks the whole chain. */
export async function verifyAudit(knex: Knex): Promise<AuditState> {
  const faults = await query<{ position: string; fault: string }>(
    knex,
    'select position, fault from integration.audit_fault order by position',
  );
  const [newest] = await query<{ rows: string; head: string }>(
    knex,
    `select count(*) over () as rows, encode(hash, 'hex') as head from integration.audit order by position desc limit 1`,
  );
  return {
    rows: Number(newest?.rows ?? 0),
    head: newest?.head ?? null,
    faults: faults.map(({ position, fault }) => ({ position: Number(position), fault })),
  };
}
