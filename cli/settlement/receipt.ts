import { recordAction } from '../../platform/audit/audit.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { loadPostingRules, matchReceiptByHand, releaseByHand } from '../../subgraphs/settlement/index.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { withStore } from '../store.ts';

/** `commerce settlement receipt` */
export async function receipt({ arguments: [id = ''], value, flag, terminal }: Invocation): Promise<ExitCode> {
  const [payoutId, note] = [value('payout'), value('reason')?.trim()];
  if (!note) throw usage('Say --reason: why it is decided.');
  if ((payoutId === undefined) === !flag('release')) throw usage('Say either --payout <id> or --release.');
  const payoutAmount = value('amount');
  if (payoutAmount !== undefined && payoutId === undefined)
    throw usage('--amount says how much of the payout it is: only with --payout.');
  const caller = commandCaller();
  const rules = loadPostingRules();
  return withStore(async ({ knex }) => {
    const { userErrors, ...done } = await inTransaction(knex, async (trx) => {
      const result =
        payoutId === undefined
          ? await releaseByHand(trx, rules, id, note, caller.clientId)
          : await matchReceiptByHand(trx, rules, id, { payoutId, note, payoutAmount }, caller.clientId);
      if (result.userErrors.length === 0)
        await recordAction(trx, caller, { action: payoutId === undefined ? 'bankReceiptRelease' : 'bankReceiptMatch', subject: id, reason: `${result.payoutId}: ${note}` }); // biome-ignore format: one thought
      return result;
    });
    const [refusal] = userErrors;
    if (refusal) {
      terminal.out(`${terminal.style('red', refusal.code)}: ${refusal.message}`);
      return EXIT.REFUSED;
    }
    const posted = done.entryId === null ? 'nothing posted' : `posted as ${done.entryId}`;
    terminal.out(`${id} ${payoutId === undefined ? 'is of no payout any more' : `is of ${payoutId}`}; ${posted}`);
    return EXIT.OK;
  });
}
