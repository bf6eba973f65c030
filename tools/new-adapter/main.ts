import { parseArgs } from 'node:util';
import type { PortName } from '../../systems/port-map.ts';
import { contractOf, PORTS } from './contracts.ts';
import { adapterFiles } from './files.ts';
import { writeFiles } from './write.ts';

// `npm run new:adapter -- --system acme-erp --port ORDER_INTAKE`: see docs/onboarding-a-system.md.
const { values } = parseArgs({ options: { system: { type: 'string' }, port: { type: 'string' } } });
const { system = '', port = '' } = values;

const wrong: string[] = [];
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(system)) wrong.push('--system: a name in small letters, such as acme-erp');
if (!(PORTS as string[]).includes(port))
  wrong.push(`--port: one of ${PORTS.join(', ')} (docs/systems.md says what they are)`);
const files = wrong.length > 0 ? {} : adapterFiles(system, contractOf(port as PortName));
writeFiles(files, wrong, 'docs/onboarding-a-system.md    # the way from here into the graph');
