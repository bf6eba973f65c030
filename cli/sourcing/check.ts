import { resolve } from 'node:path';
import type { SourcingRules } from '../../orchestrator/sourcing/model.ts';
import { adviceOnNodes, unknownNodes } from '../../orchestrator/sourcing/node-codes.ts';
import { loadSourcingRules } from '../../orchestrator/sourcing/rules.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { siteCodes } from '../../subgraphs/inventory/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';

/** `commerce sourcing check [file]` */
export async function check({ arguments: [name], terminal }: Invocation): Promise<ExitCode> {
  const file = name === undefined ? projectFile('config', 'sourcing.yaml') : resolve(name);
  // What is wrong with the file by itself is told also where no store can be asked.
  const nodes = await withStore(({ knex }) => siteCodes(knex)).catch((error: unknown) => ({ error }));
  const known = 'error' in nodes ? [] : nodes;
  let rules: SourcingRules;
  try {
    rules = loadSourcingRules(file, known);
  } catch (error) {
    if (!isCommerceError(error)) throw error;
    terminal.out(`REFUSED ${error.message}`);
    return EXIT.REFUSED;
  }
  if ('error' in nodes) throw nodes.error;
  const counted = `${rules.rules.length} rules for ${Object.keys(rules.nodes).length} nodes`;
  if (known.length === 0) {
    terminal.out(`${counted} can be read. No node is known yet: start the platform once, and check again.`);
    return EXIT.REFUSED;
  }
  const places = unknownNodes(rules, known);
  for (const place of places) terminal.out(`REFUSED ${place}`);
  terminal.out(places.length === 0 ? `${counted}: every node exists, or is planned` : adviceOnNodes(known));
  return places.length === 0 ? EXIT.OK : EXIT.REFUSED;
}
