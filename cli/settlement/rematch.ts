import { isCommerceError } from '../../platform/errors.ts';
import { isJudgedBy, loadSettlementSettings, rematch as rematchOpen } from '../../subgraphs/settlement/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { withStore } from '../store.ts';

/** `commerce settlement rematch` */
export function rematch({ value, terminal }: Invocation): Promise<ExitCode> {
  return withStore(async ({ knex }) => {
    const scope = { channelCode: value('channel') ?? null, statementId: value('statement') ?? null };
    const due = await rematchOpen(knex, scope).catch((error: unknown) => {
      throw isCommerceError(error) && error.code === 'BAD_USER_INPUT' ? usage(error.message) : error;
    });
    terminal.out(`${due} order ids and blocks of lines are looked at again`);
    if (!(await isJudgedBy(knex, loadSettlementSettings())))
      terminal.out('The worker still judges by other settings than config/settlement.yaml. Start it again: it then looks again by itself.'); // biome-ignore format: one thought
    return EXIT.OK;
  });
}
