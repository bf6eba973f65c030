import { createOperationsReader } from '../../subgraphs/operations/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { withStore } from '../store.ts';
import { filterOf } from './filter.ts';

/** `commerce exceptions list` */
export async function list(invocation: Invocation): Promise<ExitCode> {
  const { value, values, flag, terminal } = invocation;
  const first = Number(value('limit') ?? 20);
  if (!Number.isInteger(first) || first < 1 || first > 100) throw usage('--limit is an integer from 1 to 100.');
  const states = values('state');
  const filter = { ...filterOf(invocation), state: states.length > 0 ? states : ['OPEN', 'RETRYING'] };
  const { nodes, count } = await withStore(async ({ knex }) => {
    const reader = createOperationsReader(knex);
    return { ...(await reader.exceptions(filter, { first })), count: await reader.exceptionCount(filter) };
  });
  for (const found of nodes) {
    if (flag('json')) {
      const atStake = found.atStake && { ...found.atStake, amountMinor: found.atStake.amountMinor.toString() };
      terminal.out(JSON.stringify({ ...found, atStake }));
      continue;
    }
    const order = found.orderId === null ? '' : `  ${found.orderId}`;
    terminal.out(
      `${found.id}  ${found.state}  ${found.cause}  ${found.system}/${found.operation}  ${found.owner}  ${found.attempts}x${order}`,
    );
    terminal.out(terminal.style('dim', `  ${found.message}`));
  }
  terminal.note(`${nodes.length} of ${count}`);
  return EXIT.OK;
}
