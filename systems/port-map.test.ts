import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { projectFile } from '../platform/paths.ts';
import { can, domainsOf, PORT_MAP, portsOf, type SystemProfile } from './port-map.ts';

const shop: SystemProfile = {
  name: 'Shop',
  kind: 'ERP',
  serves: { STOCK: { INCOMING_SUPPLY: 'It knows no purchase orders.' }, PRODUCT_MASTER: {} },
};

describe('the port map', () => {
  it('tells of a profile what it serves, all of it but what it lacks', () => {
    expect(portsOf(shop)).toEqual([
      { port: 'PRODUCT_MASTER', capabilities: [...PORT_MAP.PRODUCT_MASTER.can], missing: [] },
      {
        port: 'STOCK',
        capabilities: ['ADJUSTMENTS', 'ISSUES_BY_LINE'],
        missing: [{ capability: 'INCOMING_SUPPLY', reason: 'It knows no purchase orders.' }],
      },
    ]);
    expect(domainsOf(shop)).toEqual(['product', 'inventory']);
  });

  it('can do what is neither lacking nor of a port that is not served', () => {
    expect(can(shop, 'STOCK', 'ADJUSTMENTS')).toBe(true);
    expect(can(shop, 'STOCK', 'INCOMING_SUPPLY')).toBe(false);
    expect(can(shop, 'RETURNS', 'RESTOCK')).toBe(false);
  });

  it('is what docs/systems.md says, port by port and capability by capability', () => {
    const rows = (readFileSync(projectFile('docs', 'systems.md'), 'utf8').split('## Who is')[0] ?? '').split('\n').filter((line) => /^\| (\||[A-Z])/.test(line)); // biome-ignore format: one thought
    const documented: Record<string, { domain: string; contract: string; can: string[] }> = {};
    let port = { domain: '', contract: '', can: [] as string[] };
    for (const row of rows) {
      const [name = '', domain = '', contract = '', capability = ''] = row
        .split('|')
        .slice(1)
        .map((cell) => cell.trim());
      if (name === 'Port') continue;
      if (name !== '') {
        port = { domain, contract, can: [] };
        documented[name] = port;
      }
      if (capability !== '') port.can.push(capability);
    }
    expect(documented).toEqual(PORT_MAP);
  });
});
