import { readDrift, whyNotClean } from '../../platform/drift/drift.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';
import { figureLines } from './figures.ts';

/** `commerce systems drift` */
export async function drift({ arguments: [domain], flag, terminal }: Invocation): Promise<ExitCode> {
  const all = await withStore(({ knex }) => readDrift(knex));
  const wanted = all.filter((one) => domain === undefined || one.domain === domain);
  for (const figures of wanted) {
    if (flag('json')) terminal.out(JSON.stringify({ ...figures, blockedBy: whyNotClean(figures) }));
    else for (const line of figureLines(figures)) terminal.out(line);
  }
  if (wanted.length > 0) return wanted.every((figures) => whyNotClean(figures) === null) ? EXIT.OK : EXIT.REFUSED;
  terminal.note(
    'Nothing was compared yet. A shadow that config/systems.yaml names is compared once both systems were read to their ends; without one nothing is (docs/systems-migration.md).',
  );
  return EXIT.REFUSED;
}
