import { verifyLedger } from '../../subgraphs/settlement/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';

/** `commerce settlement verify` */
export async function verify({ value, terminal }: Invocation): Promise<ExitCode> {
  const report = await withStore(({ knex }) => verifyLedger(knex, value('head') ?? null));
  for (const fault of report.faults) terminal.out(`${terminal.style('red', 'FAULT')} ${fault}`);
  terminal.out(`${report.entries} entries, ${report.faults.length === 0 ? 'sound' : 'NOT sound'}; head ${report.head}`);
  return report.faults.length === 0 ? EXIT.OK : EXIT.REFUSED;
}
