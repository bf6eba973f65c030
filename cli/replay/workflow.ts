import { recordAction } from '../../platform/audit/audit.ts';
import { readDeskJob, startRewind } from '../../subgraphs/operations/index.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { reasonOf } from '../exceptions/filter.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { followJob } from '../follow-job.ts';
import { withStore } from '../store.ts';

/** `commerce replay workflow` */
export async function workflow(invocation: Invocation): Promise<ExitCode> {
  const { arguments: words, value, flag, terminal } = invocation;
  const workflowId = words[0] ?? '';
  const step = value('from-step');
  if (step === undefined) throw usage('--from-step is needed: the step to begin with.');
  const reason = reasonOf(invocation);
  return withStore(async ({ knex }) => {
    const caller = commandCaller();
    const id = await knex.transaction(async (trx) => {
      const job = await startRewind(trx, { workflowId, step }, { reason, requestedBy: caller.clientId });
      await recordAction(trx, caller, { action: 'replayWorkflow', subject: `${workflowId} from ${step}`, reason });
      return job;
    });
    terminal.out(id);
    if (flag('no-wait')) return EXIT.OK;
    const { message } = await followJob(terminal, () => readDeskJob(knex, id));
    terminal.out(message === null ? `${workflowId} runs again from ${step}` : `refused: ${message}`);
    return message === null ? EXIT.OK : EXIT.REFUSED;
  });
}
