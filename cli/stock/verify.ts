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
  const unread = (mayHaveLeft: boolean) =>
    mayHaveLeft ? ', unless they left with bookings that are not read yet' : '';
  for (const { sku, locationId, missing, mayHaveLeft } of report.shortages)
    terminal.out(
      `SHORTAGE ${sku} at ${locationId}: ${missing} promised to orders are not on hand${unread(mayHaveLeft)}`,
    );
  for (const { sku, locationId, missing, mayHaveLeft } of report.heldShortages)
    terminal.out(`SHORTAGE ${sku} at ${locationId}: ${missing} held for carts are not on hand${unread(mayHaveLeft)}`);
  const { readUpTo, knownUpTo } = report.feed;
  if (knownUpTo > readUpTo)
    terminal.out(
      `${terminal.style('red', 'BEHIND')} bookings of the warehouse are read up to ${readUpTo}, balances are known up to ${knownUpTo}: what left in between is still counted as promised. Run it again when the worker has read on; its log and /health/ready say why it does not.`,
    );
  const sound = report.differences.length === 0;
  terminal.out(
    `${report.positions} positions, ${report.movements} movements, ${report.differences.length} differences, ${report.shortages.length + report.heldShortages.length} shortages: the ledger ${sound ? 'explains every position' : 'does NOT explain every position'}`,
  );
  return sound ? EXIT.OK : EXIT.REFUSED;
}
