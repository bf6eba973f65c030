import { readFileSync } from 'node:fs';
import { projectFile } from '../../platform/paths.ts';
import { PORT_MAP, type PortName } from '../../systems/port-map.ts';

/** How the suite of a contract is called. */
const SUITES: Readonly<Record<string, { readonly name: string; readonly file: string; readonly arguments: readonly ('start' | 'profile')[] }>> = {
  ProductSource: { name: 'productSourceContract', file: 'product-source', arguments: ['start', 'profile'] },
  StockSource: { name: 'stockSourceContract', file: 'stock-source', arguments: ['start', 'profile'] },
  OrderDesk: { name: 'orderDeskContract', file: 'order-desk', arguments: ['start', 'profile'] },
  ChannelOrders: { name: 'channelOrdersContract', file: 'channel-orders', arguments: ['start'] },
  ChannelStock: { name: 'channelStockContract', file: 'channel-stock', arguments: ['profile', 'start'] },
  ChannelPrices: { name: 'channelPricesContract', file: 'channel-prices', arguments: ['profile', 'start'] },
  ChannelSystem: { name: 'channelSystemContract', file: 'channel-system', arguments: ['profile', 'start'] },
  NodeSystem: { name: 'nodeSystemContract', file: 'node-system', arguments: ['start'] },
  CarrierSystem: { name: 'carrierSystemContract', file: 'carrier-system', arguments: ['start'] },
  CarrierTrackers: { name: 'carrierTrackersContract', file: 'carrier-trackers', arguments: ['start'] },
  FinanceSystem: { name: 'financeSystemContract', file: 'finance-system', arguments: ['start'] },
}; // biome-ignore format: a table

export interface Contract {
  readonly port: PortName;
  /** Name of the interface, such as `OrderDesk`. */
  readonly name: string;
  readonly domain: string;
  /** Capabilities of the port. */
  readonly can: readonly string[];
  readonly suite: (typeof SUITES)[string];
  readonly members: readonly Member[];
}

/** A member of the interface, as its port file writes it. */
export interface Member {
  readonly name: string;
  readonly kind: 'value' | 'promise' | 'iterable' | 'answer';
}

export const PORTS = Object.keys(PORT_MAP) as PortName[];

/** What an adapter of a port has to do, read from `subgraphs/<domain>/port.ts`. */
export function contractOf(port: PortName): Contract {
  const { domain, contract: name, can } = PORT_MAP[port];
  const suite = SUITES[name];
  if (!suite)
    throw new Error(`nobody said how the suite of ${name} is called: add it to tools/new-adapter/contracts.ts`);
  const text = readFileSync(projectFile('subgraphs', domain, 'port.ts'), 'utf8');
  const body = bodyOf(name, text) ?? factBody(name, text);
  if (body === undefined) throw new Error(`subgraphs/${domain}/port.ts has no interface ${name}`);
  return { port, name, domain, can, suite, members: membersOf(body) };
}

const bodyOf = (name: string, text: string) =>
  new RegExp(`^export interface ${name}(?:<[^{]*>)? \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(text)?.[1];

/** Of what channels are told there is one contract for every kind of value: ports name the value only. */
function factBody(name: string, text: string): string | undefined {
  if (!text.includes(`export type ${name} = FactChannel<`)) return undefined;
  return bodyOf('FactChannel', readFileSync(projectFile('platform', 'channel-facts', 'channel.ts'), 'utf8'));
}

function membersOf(body: string): Member[] {
  const plain = body.replace(/\/\*\*[\s\S]*?\*\//g, '');
  return [...plain.matchAll(/^ {2}(readonly )?(\w+)(\(|:)([\s\S]*?);$/gm)].map(([, value, name = '', , rest = '']) => ({
    name,
    kind: value ? 'value' : kindOf(rest),
  })); // biome-ignore format: one thought
}

/** Of the type that a method returns: behind the bracket that closes its parameters. */
function kindOf(signature: string): Member['kind'] {
  const returned = signature.slice(signature.lastIndexOf('):') + 2);
  if (returned.includes('AsyncIterable<')) return 'iterable';
  return returned.includes('Promise<') ? 'promise' : 'answer';
}
