import { resolve } from 'node:path';
import { readKnownCodes } from '../../app/known-codes.ts';
import { adviceOnCodes, unknownCodes } from '../../orchestrator/sourcing/known-codes.ts';
import type { SourcingRules } from '../../orchestrator/sourcing/model.ts';
import { loadSourcingRules } from '../../orchestrator/sourcing/rules.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';

/** `commerce sourcing check [file]` */
export async function check({ arguments: [name], terminal }: Invocation): Promise<ExitCode> {
  const file = name === undefined ? projectFile('config', 'sourcing.yaml') : resolve(name);
  // What is wrong with the file by itself is told also where no store can be asked.
  const codes = await withStore(({ knex }) => readKnownCodes(knex)).catch((error: unknown) => ({ error }));
  const known = 'error' in codes ? { nodes: [], channels: [] } : codes;
  let rules: SourcingRules;
  try {
    rules = loadSourcingRules(file, known);
  } catch (error) {
    if (!isCommerceError(error)) throw error;
    terminal.out(`REFUSED ${error.message}`);
    return EXIT.REFUSED;
  }
  if ('error' in codes) throw codes.error;
  const counted = `${rules.rules.length} rules for ${Object.keys(rules.nodes).length} nodes`;
  const places = unknownCodes(rules, known);
  for (const place of places) terminal.out(`REFUSED ${place}`);
  if (places.length > 0) terminal.out(adviceOnCodes(places, known));
  else if (known.nodes.length === 0)
    terminal.out(`${counted} can be read. No node is known yet: start the platform once, and check again.`);
  else terminal.out(`${counted}: every node and channel exists, or is planned`);
  return places.length === 0 && known.nodes.length > 0 ? EXIT.OK : EXIT.REFUSED;
}
