import { recordAction } from '../../platform/audit/audit.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { loadPostingRules, reverseStatement } from '../../subgraphs/settlement/index.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { withStore } from '../store.ts';

/** `commerce settlement reverse` */
export async function reverse({ arguments: [id = ''], value, terminal }: Invocation): Promise<ExitCode> {
  const [by, approvedBy, reason] = [value('by')?.trim(), value('approved-by')?.trim(), value('reason')?.trim()];
  if (!by || !approvedBy || !reason) throw usage('Say --by, --approved-by and --reason: who takes it back, who else answers for it, and why.'); // biome-ignore format: one thought
  if (by.toLowerCase() === approvedBy.toLowerCase()) throw usage('--approved-by must be somebody else than --by.');
  const caller = commandCaller();
  return withStore(async ({ knex }) => {
    try {
      await inTransaction(knex, async (trx) => {
        await reverseStatement(trx, loadPostingRules(), id, by);
        await recordAction(trx, caller, { action: 'settlementReverse', subject: id, reason: `${reason} (by ${by}, approved by ${approvedBy})` }); // biome-ignore format: one thought
      });
    } catch (error) {
      if (!isCommerceError(error) || !(error.code === 'NOT_FOUND' || error.code === 'BAD_USER_INPUT')) throw error;
      terminal.out(`${terminal.style('red', error.code)}: ${error.message}`);
      return EXIT.REFUSED;
    }
    terminal.out(`${id} is reversed; the settlement worker takes its postings back. The corrected file can be taken in now.`); // biome-ignore format: one thought
    return EXIT.OK;
  });
}
