import { expect, it } from '@jest/globals';
import { contractOf, PORTS } from './contracts.ts';
import { adapterFiles, connectorFiles } from './files.ts';

it('finds every member of a contract where its port file has it', () => {
  expect(contractOf('ORDER_INTAKE').members).toEqual([
    { name: 'takes', kind: 'value' },
    { name: 'register', kind: 'promise' },
    { name: 'find', kind: 'promise' },
    { name: 'confirmShipment', kind: 'promise' },
    { name: 'cancel', kind: 'promise' },
    { name: 'noteReturn', kind: 'promise' },
  ]);
  expect(contractOf('STOCK').members.find(({ name }) => name === 'snapshot')?.kind).toBe('iterable');
  expect(contractOf('CHANNEL_ORDERS').members.map(({ kind }) => kind)).toEqual(['iterable', 'answer']);
  expect(contractOf('CHANNEL_STOCK').members.map(({ name }) => name)).toEqual(['ways', 'tell', 'outcomeOf', 'known']);
  // Parameters over several lines, one of them a function.
  expect(contractOf('CARRIER').members).toEqual([{ name: 'scans', kind: 'promise' }, { name: 'issueReturnLabel', kind: 'promise' }]); // biome-ignore format: one thought
});

it.each(PORTS)('writes an adapter of %s whose suite runs, with every capability of the port to be decided', (port) => {
  const contract = contractOf(port);
  const files = adapterFiles('acme-erp', contract);
  expect(Object.keys(files)).toEqual([
    'systems/acme-erp/profile.ts',
    'systems/acme-erp/client.ts',
    'systems/acme-erp/README.md',
    `subgraphs/${contract.domain}/adapters/acme-erp.ts`,
    `test/contract/${contract.suite.file}.acme-erp.test.ts`,
    'docs/systems-acme-erp.md',
  ]);
  const [profile = '', , , adapter = '', test = ''] = Object.values(files);
  for (const capability of contract.can) expect(profile).toContain(`// ${capability}: `);
  for (const { name, kind } of contract.members)
    if (kind !== 'value') expect(adapter).toContain(`notWritten(client, '${contract.name}.${name}')`);
  expect(test).toContain(`${contract.suite.name}(ACME_ERP_PROFILE.name, `);
});

it('writes a connector to a marketplace: one client and profile, an adapter for each domain, a suite for each port', () => {
  const ports = ['CHANNEL_ORDERS', 'CHANNEL_NOTICES', 'CHANNEL_PRICES', 'CHANNEL_STOCK'] as const;
  const files = connectorFiles('acme-market', ports.map(contractOf));
  expect(Object.keys(files)).toEqual([
    'systems/acme-market/profile.ts',
    'systems/acme-market/client.ts',
    'systems/acme-market/README.md',
    'subgraphs/order/adapters/acme-market.ts',
    'subgraphs/product/adapters/acme-market.ts',
    'subgraphs/inventory/adapters/acme-market.ts',
    'test/contract/channel-orders.acme-market.test.ts',
    'test/contract/channel-system.acme-market.test.ts',
    'test/contract/channel-prices.acme-market.test.ts',
    'test/contract/channel-stock.acme-market.test.ts',
    'docs/acme-market.md',
  ]);
  expect(files['systems/acme-market/profile.ts']).toContain("kind: 'MARKETPLACE'");
  for (const port of ports) {
    const { name, domain, can, members } = contractOf(port);
    for (const one of [port, ...can]) expect(files['systems/acme-market/profile.ts']).toContain(`${one}: `);
    const adapter = files[`subgraphs/${domain}/adapters/acme-market.ts`];
    expect(adapter).toContain(`export function acmeMarket${name}(client: AcmeMarketClient): ${name} {`);
    for (const member of members)
      if (member.kind !== 'value') expect(adapter).toContain(`notWritten(client, '${name}.${member.name}')`);
    expect(files['docs/acme-market.md']).toContain(`| ${port} | `);
  }
});
