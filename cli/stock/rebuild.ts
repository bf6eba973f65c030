import { rebuildPositions, verifyStockLedger } from '../../subgraphs/inventory/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';
import { differenceText } from './difference-text.ts';

/** `commerce stock rebuild` */
export async function rebuild({ flag, terminal }: Invocation): Promise<ExitCode> {
  if (flag('dry-run')) {
    const { differences } = await withStore(({ knex }) => verifyStockLedger(knex));
    for (const found of differences) terminal.out(differenceText(found));
    terminal.out(`${differences.length} positions differ from the ledger; nothing was changed`);
    return EXIT.OK;
  }
  const { found, left } = await withStore(({ knex }) => rebuildPositions(knex));
  for (const difference of found) terminal.out(differenceText(difference));
  for (const difference of left) terminal.out(`${terminal.style('red', 'LEFT')} ${differenceText(difference)}`);
  terminal.out(`${found.length} positions differed from the ledger, ${left.length} still do`);
  return left.length === 0 ? EXIT.OK : EXIT.REFUSED;
}
