import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { projectFile } from '../../platform/paths.ts';
import type { PortName } from '../../systems/port-map.ts';
import { contractOf, PORTS } from './contracts.ts';
import { adapterFiles } from './files.ts';

// `npm run new:adapter -- --system acme-erp --port ORDER_INTAKE`: see docs/onboarding-a-system.md.
const { values } = parseArgs({ options: { system: { type: 'string' }, port: { type: 'string' } } });
const { system = '', port = '' } = values;

const wrong: string[] = [];
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(system)) wrong.push('--system: a name in small letters, such as acme-erp');
if (!(PORTS as string[]).includes(port))
  wrong.push(`--port: one of ${PORTS.join(', ')} (docs/systems.md says what they are)`);
const files = wrong.length > 0 ? {} : adapterFiles(system, contractOf(port as PortName));
wrong.push(...Object.keys(files).filter((path) => existsSync(projectFile(path))).map((path) => `${path} is there already: nothing was written`)); // biome-ignore format: one thought
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  process.exit(2);
}
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(projectFile(path)), { recursive: true });
  writeFileSync(projectFile(path), text);
  console.log(path);
}
const test = Object.keys(files).find((path) => path.endsWith('.test.ts'));
console.log(
  `\nnpm run format\nnpm run test:jest -- ${test}    # red: it says what to write\ndocs/onboarding-a-system.md    # the way from here into the graph`,
);
