import { userInfo } from 'node:os';
import { isCommerceError } from '../../platform/errors.ts';
import { closePeriod, findMissingPayouts, loadPostingRules, loadSettlementSettings } from '../../subgraphs/settlement/index.ts'; // biome-ignore format: one thought
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';

/** `commerce settlement close` */
export function close({ arguments: [month = ''], value, terminal }: Invocation): Promise<ExitCode> {
  return withStore(async ({ knex }) => {
    try {
      // Also where no worker ran since a payout should have come.
      await findMissingPayouts(knex, { rules: loadPostingRules(), settings: loadSettlementSettings() }, new Date());
      const closed = await closePeriod(knex, month, value('by') ?? userInfo().username);
      const since = closed.before ? ` already, since ${closed.before.at.toISOString()} by ${closed.before.by}` : '';
      terminal.out(`${closed.month} is closed${since}; head ${closed.head}`);
      return EXIT.OK;
    } catch (error) {
      if (!isCommerceError(error) || error.code === 'DATABASE_UNAVAILABLE') throw error;
      terminal.out(`${terminal.style('red', error.code)}: ${error.message}`);
      return EXIT.REFUSED;
    }
  });
}
