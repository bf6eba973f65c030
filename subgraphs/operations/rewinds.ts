import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { newId } from '../../platform/ids.ts';

/** Runs a workflow that has ended again from a step, or says why not. */
export type RewindWorkflow = (
  workflowId: string,
  step: string,
) => Promise<{ readonly kind: 'rewound' } | { readonly kind: 'refused'; readonly message: string }>;

/** Notes that a workflow is to be run again from a step. @returns the id of the job */
export async function startRewind(
  trx: Knex.Transaction,
  what: { readonly workflowId: string; readonly step: string },
  { reason, requestedBy }: { readonly reason: string; readonly requestedBy: string },
): Promise<string> {
  const id = newId('deskJob');
  await change(
    trx,
    `insert into integration.desk_job (id, kind, request, reason, requested_by, total) values (?, 'REWIND', ?, ?, ?, 1)`,
    [id, JSON.stringify(what), reason, requestedBy],
  );
  return id;
}

/** Has the workflows run again that were asked for. A crash between the engine and the note asks the engine once more. */
export async function advanceRewinds(knex: Knex, rewind: RewindWorkflow): Promise<void> {
  while (await inTransaction(knex, (trx) => rewindOne(trx, rewind)));
}

async function rewindOne(trx: Knex.Transaction, rewind: RewindWorkflow): Promise<boolean> {
  const [job] = await query<{ id: string; request: { workflowId: string; step: string } }>(
    trx,
    `select id, request from integration.desk_job
     where kind = 'REWIND' and state = 'RUNNING' order by created_at limit 1 for update skip locked`,
  );
  if (!job) return false;
  const rewound = await rewind(job.request.workflowId, job.request.step);
  const refusal = rewound.kind === 'refused' ? rewound.message : null;
  await change(
    trx,
    `update integration.desk_job set state = 'FINISHED', finished_at = clock_timestamp(), message = ?, done = ?, failed = ? where id = ?`,
    [refusal, refusal === null ? 1 : 0, refusal === null ? 0 : 1, job.id],
  );
  return true;
}
