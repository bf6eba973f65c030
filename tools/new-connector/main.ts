import { parseArgs } from 'node:util';
import { PORT_MAP, type PortName } from '../../systems/port-map.ts';
import { contractOf, PORTS } from '../new-adapter/contracts.ts';
import { connectorFiles } from '../new-adapter/files.ts';
import { writeFiles } from '../new-adapter/write.ts';

// `npm run new:connector -- --channel ebay [--without CHANNEL_PRICES]`: see docs/onboarding-a-marketplace.md.
const { values } = parseArgs({
  options: { channel: { type: 'string' }, without: { type: 'string', multiple: true, default: [] } },
});
const { channel = '', without } = values;
/** Ports that are served by marketplaces. */
const ofChannels: readonly PortName[] = PORTS.filter((port) => PORT_MAP[port].contract.startsWith('Channel'));

const wrong: string[] = [];
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(channel)) wrong.push('--channel: a name in small letters, such as ebay');
const ports = ofChannels.filter((port) => !without.includes(port));
for (const port of without)
  if (!(ofChannels as readonly string[]).includes(port)) wrong.push(`--without: some of ${ofChannels.join(', ')} (docs/systems.md says what they are)`); // biome-ignore format: one thought
if (ports.length === 0) wrong.push('--without: a connector serves one port at least');
const files = wrong.length > 0 ? {} : connectorFiles(channel, ports.map(contractOf));
writeFiles(files, wrong, 'docs/onboarding-a-marketplace.md    # the way from here to the first order');
