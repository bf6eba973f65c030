import { recordAction } from '../../platform/audit/audit.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { loadPostingRules, reverseByTwo } from '../../subgraphs/settlement/index.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { withStore } from '../store.ts';

/** `commerce settlement reverse` */
export async function reverse({ arguments: [id = ''], value, terminal }: Invocation): Promise<ExitCode> {
  const reason = value('reason')?.trim();
  if (!reason) throw usage('Say --reason: why it is taken back.');
  const caller = commandCaller();
  return withStore(async ({ knex }) => {
    const refusal = await inTransaction(knex, async (trx) => {
      const refused = await reverseByTwo(trx, loadPostingRules(), id, reason, caller.clientId);
      if (refused === null || refused.code === 'SECOND_APPROVER_REQUIRED')
        await recordAction(trx, caller, { action: 'settlementReverse', subject: id, reason: `${refused === null ? 'approved' : 'proposed'}: ${reason}` }); // biome-ignore format: one thought
      return refused;
    });
    if (refusal !== null) {
      terminal.out(`${terminal.style('red', refusal.code)}: ${refusal.message}`);
      return EXIT.REFUSED;
    }
    terminal.out(`${id} is reversed; the settlement worker takes its postings back. The corrected file can be taken in now.`); // biome-ignore format: one thought
    return EXIT.OK;
  });
}
