import { verifyLedger } from '../../subgraphs/settlement/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { compareByWorker } from '../reconcile/compare-by-worker.ts';
import { withStore } from '../store.ts';

/** `commerce settlement verify` */
export function verify({ value, flag, terminal }: Invocation): Promise<ExitCode> {
  return withStore(async ({ knex }) => {
    const report = await verifyLedger(knex, value('head') ?? null);
    for (const fault of report.faults) terminal.out(`${terminal.style('red', 'FAULT')} ${fault}`);
    const sound = report.faults.length === 0;
    terminal.out(`${report.entries} entries, ${sound ? 'sound' : 'NOT sound'}; head ${report.head}`);
    if (!flag('erp')) return sound ? EXIT.OK : EXIT.REFUSED;
    // The ERP is reached by a worker: of a reference ERP within `npm start` nobody else knows where it is.
    const compared = await compareByWorker(knex, { system: 'erp', subject: 'vouchers', dryRun: true }, terminal);
    return sound ? compared : EXIT.REFUSED;
  });
}
