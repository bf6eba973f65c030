import { verifyStockLedger } from '../../subgraphs/inventory/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';
import { differenceText } from './difference-text.ts';

/** `commerce stock verify` */
export async function verify({ terminal }: Invocation): Promise<ExitCode> {
  const report = await withStore(({ knex }) => verifyStockLedger(knex));
  for (const found of report.differences)
    terminal.out(`${terminal.style('red', 'DIFFERENCE')} ${differenceText(found)}`);
  for (const { sku, locationId, missing } of report.shortages)
    terminal.out(`SHORTAGE ${sku} at ${locationId}: ${missing} promised to orders are not on hand`);
  for (const { sku, locationId, missing } of report.heldShortages)
    terminal.out(`SHORTAGE ${sku} at ${locationId}: ${missing} held for carts are not on hand`);
  const sound = report.differences.length === 0;
  terminal.out(
    `${report.positions} positions, ${report.movements} movements, ${report.differences.length} differences, ${report.shortages.length + report.heldShortages.length} shortages: the ledger ${sound ? 'explains every position' : 'does NOT explain every position'}`,
  );
  return sound ? EXIT.OK : EXIT.REFUSED;
}
