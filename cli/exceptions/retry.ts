import { recordAction } from '../../platform/audit/audit.ts';
import { readBulkRetry, requestRetry, startBulkRetry } from '../../subgraphs/operations/index.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { followJob } from '../follow-job.ts';
import { type Store, withStore } from '../store.ts';
import { filterOf, isNarrowed, reasonOf } from './filter.ts';

/** `commerce exceptions retry` */
export async function retry(invocation: Invocation): Promise<ExitCode> {
  const { arguments: ids, flag } = invocation;
  const reason = reasonOf(invocation);
  if (ids.length > 0 && isNarrowed(invocation)) throw usage('Name exceptions or narrow them by options, not both.');
  if (ids.length === 0 && !isNarrowed(invocation) && !flag('all'))
    throw usage('Say which: ids, options such as --system, or --all.');
  return withStore(({ knex }) =>
    ids.length > 0 ? retryNamed(knex, invocation, reason) : retryFiltered(knex, invocation, reason),
  );
}

async function retryNamed(knex: Store['knex'], { arguments: ids, terminal }: Invocation, reason: string) {
  let refused = 0;
  for (const id of ids) {
    const caller = commandCaller();
    const { userErrors } = await knex.transaction(async (trx) => {
      const result = await requestRetry(trx, id, caller.clientId);
      if (result.userErrors.length === 0)
        await recordAction(trx, caller, { action: 'integrationExceptionRetry', subject: id, reason });
      return result;
    });
    const [problem] = userErrors;
    if (problem) refused++;
    terminal.out(problem ? `${id}  ${terminal.style('red', problem.code)}  ${problem.message}` : `${id}  RETRYING`);
  }
  return refused === 0 ? EXIT.OK : EXIT.REFUSED;
}

async function retryFiltered(knex: Store['knex'], invocation: Invocation, reason: string): Promise<ExitCode> {
  const { flag, terminal } = invocation;
  const caller = commandCaller();
  const id = await knex.transaction(async (trx) => {
    const job = await startBulkRetry(trx, filterOf(invocation), { reason, requestedBy: caller.clientId });
    await recordAction(trx, caller, { action: 'integrationExceptionsRetry', subject: job, reason });
    return job;
  });
  terminal.out(id);
  if (flag('no-wait')) return EXIT.OK;
  const job = await followJob(terminal, () => readBulkRetry(knex, id));
  return job.failed === 0 ? EXIT.OK : EXIT.REFUSED;
}
