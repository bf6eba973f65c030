import { recordAction } from '../../platform/audit/audit.ts';
import { moveProduct } from '../../subgraphs/product/main.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { reasonOf } from '../exceptions/filter.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { withStore } from '../store.ts';
import { figureLines } from './figures.ts';

/** `commerce systems promote` */
export async function promote(invocation: Invocation): Promise<ExitCode> {
  const to = invocation.value('to');
  if (to === undefined) throw usage('Say which system: --to <name>, as config/systems.yaml names it.');
  return move(invocation, to);
}

/** `commerce systems rollback` */
export async function rollback(invocation: Invocation): Promise<ExitCode> {
  return move(invocation, null);
}

async function move(invocation: Invocation, to: string | null): Promise<ExitCode> {
  const { arguments: words, terminal } = invocation;
  const [domain = ''] = words;
  if (domain !== 'product') throw usage(`${domain} cannot be moved in this version: only product can.`);
  const reason = reasonOf(invocation);
  const caller = commandCaller();
  const part = invocation.value('cohort') ?? '';
  const result = await withStore(({ knex }) =>
    moveProduct(knex, { part, to, by: caller.clientId, reason }, (trx, moved) =>
      recordAction(trx, caller, {
        action: to === null ? 'systemRollback' : 'systemPromote',
        subject: `product${part === '' ? '' : `/${part}`}: ${moved.from} → ${moved.to}`,
        reason,
      }),
    ),
  );
  if (result.figures) for (const line of figureLines(result.figures)) terminal.out(line);
  if (result.kind === 'refused') {
    terminal.out(`${terminal.style('red', 'REFUSED')} ${result.why}. Nothing was changed.`);
    return EXIT.REFUSED;
  }
  terminal.out(
    `${result.to} serves product${part === '' ? '' : ` (cohort ${part})`} now, ${result.from} is asked too.`,
  );
  terminal.note(`Back: npx commerce systems rollback product${part === '' ? '' : ` --cohort ${part}`} --reason "…"`);
  return EXIT.OK;
}
