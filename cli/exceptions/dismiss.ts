import { recordAction } from '../../platform/audit/audit.ts';
import { dismiss as dismissException } from '../../subgraphs/operations/index.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';
import { reasonOf } from './filter.ts';

/** `commerce exceptions dismiss` */
export async function dismiss(invocation: Invocation): Promise<ExitCode> {
  const { arguments: words, terminal } = invocation;
  const id = words[0] ?? '';
  const reason = reasonOf(invocation);
  const caller = commandCaller();
  const { userErrors } = await withStore(({ knex }) =>
    knex.transaction(async (trx) => {
      const result = await dismissException(trx, id, reason, caller.clientId);
      if (result.userErrors.length === 0)
        await recordAction(trx, caller, { action: 'integrationExceptionDismiss', subject: id, reason });
      return result;
    }),
  );
  const [problem] = userErrors;
  terminal.out(problem ? `${terminal.style('red', problem.code)}  ${problem.message}` : `${id}  DISMISSED`);
  return problem ? EXIT.REFUSED : EXIT.OK;
}
