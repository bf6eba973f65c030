import { readFileSync } from 'node:fs';
import { DocumentGuard } from '../gateway/guards/document-guard.ts';
import { readLimits } from '../gateway/guards/limits.ts';
import { loadSnapshot } from '../gateway/load-snapshot.ts';
import { createLogger } from '../platform/logger.ts';
import { projectFile } from '../platform/paths.ts';
import { readContracts } from '../registry/contracts.ts';
import { fragmentBombs } from '../test/gateway/fragment-bombs.ts';

// `npm run bench:guards`: CPU time until each fragment bomb is refused: the first time, and the slowest of many more.
const ROUNDS = 50;
const { contracts } = loadSnapshot(readFileSync(projectFile('schema', 'supergraph.graphql'), 'utf8'), {
  contracts: readContracts(),
  dataSource: () => ({ process: async () => ({ data: null }) }),
  logger: createLogger({ level: 'silent', component: 'bench' }),
});
const contract = [...contracts.values()].find(({ name }) => name === 'storefront');
if (!contract) throw new Error('no contract');
const { schema, costRules: rules } = contract;
const limits = readLimits().of('storefront').request;

/** Milliseconds of CPU until the document is refused. */
function refuse(text: string): number {
  const guard = new DocumentGuard({ schema, rules, limits });
  const before = process.cpuUsage();
  try {
    guard.check(text);
  } catch {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  }
  throw new Error(`not refused: ${text.slice(0, 80)}`);
}

const say = (line: string) => process.stdout.write(`${line}\n`);
say(`${'fragment bomb'.padEnd(42)}${'bytes'.padStart(7)}${'first ms'.padStart(10)}${'worst ms'.padStart(10)}`);
for (const { name, text } of fragmentBombs()) {
  const first = refuse(text);
  const worst = Math.max(...Array.from({ length: ROUNDS }, () => refuse(text)));
  say(
    `${name.padEnd(42)}${String(text.length).padStart(7)}${first.toFixed(2).padStart(10)}${worst.toFixed(2).padStart(10)}`,
  );
}
