import { recordAction } from '../../platform/audit/audit.ts';
import { counted } from '../../platform/counted.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { planReplay, readDeskJob, startReplay } from '../../subgraphs/operations/index.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { reasonOf } from '../exceptions/filter.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { followJob } from '../follow-job.ts';
import { type Store, withStore } from '../store.ts';

/** `commerce replay events` */
export async function events(invocation: Invocation): Promise<ExitCode> {
  const { flag, terminal } = invocation;
  const request = requestOf(invocation);
  const reason = flag('dry-run') ? '' : reasonOf(invocation);
  return withStore(async ({ knex }) => {
    const range = await planned(knex, request);
    terminal.note(
      range.events === 0
        ? 'No events of this kind are in the range.'
        : `${counted(range.events, 'event')}, numbers ${range.after + 1} to ${range.last}; ${request.consumer} is handed those of the types it reads`,
    );
    if (flag('dry-run')) {
      terminal.out(String(range.events));
      return EXIT.OK;
    }
    const caller = commandCaller();
    const id = await knex.transaction(async (trx) => {
      const job = await startReplay(trx, range, { reason, requestedBy: caller.clientId });
      await recordAction(trx, caller, { action: 'replayEvents', subject: job, reason });
      return job;
    });
    terminal.out(id);
    if (flag('no-wait')) return EXIT.OK;
    const job = await followJob(terminal, () => readDeskJob(knex, id));
    if (job.message !== null) terminal.out(`${terminal.style('red', 'stopped')}: ${job.message}`);
    return job.failed === 0 && job.message === null ? EXIT.OK : EXIT.REFUSED;
  });
}

type Request = Parameters<typeof planReplay>[1];

function requestOf({ value, values }: Invocation): Request {
  const consumer = value('consumer');
  const from = value('from');
  if (consumer === undefined || from === undefined) throw usage('--consumer and --from are needed.');
  return { consumer, from, to: value('to') ?? null, types: values('type'), subject: value('subject') ?? null };
}

async function planned(knex: Store['knex'], request: Request) {
  try {
    return await planReplay(knex, request);
  } catch (error) {
    if (isCommerceError(error) && error.code === 'BAD_USER_INPUT') throw usage(error.message);
    throw error;
  }
}
