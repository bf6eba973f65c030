import { verifyAudit } from '../../platform/audit/audit.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';

/** `commerce audit verify` */
export async function verify({ terminal }: Invocation): Promise<ExitCode> {
  const { rows, head, faults } = await withStore(({ knex }) => verifyAudit(knex));
  for (const { position, fault } of faults) terminal.out(`${terminal.style('red', 'broken')} at ${position}: ${fault}`);
  if (faults.length > 0) return EXIT.REFUSED;
  terminal.out(`${terminal.style('green', 'whole')}: ${rows} actions, newest hash ${head ?? '-'}`);
  return EXIT.OK;
}
