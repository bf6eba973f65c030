import { EXPORT_NAMES, type ExportName, exportCsv } from '../../subgraphs/settlement/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { withStore } from '../store.ts';

/** `commerce settlement export` */
export async function exportAnswers({ arguments: [what = ''], terminal }: Invocation): Promise<ExitCode> {
  if (!EXPORT_NAMES.includes(what as ExportName)) throw usage(`There is no export ${what}; there are ${EXPORT_NAMES.join(', ')}.`); // biome-ignore format: one thought
  await withStore(({ knex }) => exportCsv(knex, what as ExportName, (line) => terminal.out(line)));
  return EXIT.OK;
}
