import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { loadX12Partners } from '../../systems/x12/partners.ts';
import { openThirdParty } from '../../systems/x12/simulator/warehouse.ts';

// `npm run start:3pl -- --folder <folder> [--config config/x12.yaml] [--partner NORTHSTAR] [--stock 85123A=50]`: a 3PL at the other end
// of a folder. It answers every order, ships it after a while, and counts its shelves every minute.
const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    config: { type: 'string', default: projectFile('config', 'x12.yaml') },
    partner: { type: 'string' },
    stock: { type: 'string', multiple: true, default: [] },
    'ship-after': { type: 'string', default: '10' },
    'count-every': { type: 'string', default: '60' },
  },
});
const partners = loadX12Partners(resolve(values.config));
const partner = partners.find(({ name }) => values.partner === undefined || name === values.partner);
if (!partner || values.folder === undefined)
  throw new CommerceError('CONFIGURATION_INVALID', partner ? 'Give --folder: the folder that both sides read and write.' : `${values.config} names no such partner: take the example's # away, or give --config and --partner.`); // biome-ignore format: one thought

const threepl = await openThirdParty(partner, resolve(values.folder));
for (const entry of values.stock) {
  const [sku = '', units = '0'] = entry.split('=');
  threepl.stock[sku] = Number(units);
}
if (values.stock.length > 0) await threepl.count();
console.log(`${partner.name} reads ${resolve(values.folder)}/out and writes ${resolve(values.folder)}/in`);

const since = new Map<string, number>();
let counted = Date.now();
for (;;) {
  await threepl.look();
  for (const [number, order] of Object.entries(threepl.orders)) {
    const open = Object.entries(order.open).filter(([, units]) => units > 0);
    if (open.length === 0 || since.get(number) === Number.POSITIVE_INFINITY) continue;
    if (!since.has(number)) console.log(`${number}: asked for ${order.lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ')}`); // biome-ignore format: one thought
    since.set(number, since.get(number) ?? Date.now());
    if (Date.now() - (since.get(number) ?? 0) < Number(values['ship-after']) * 1_000) continue;
    // It ships what lies there; the rest will not come.
    const units = Object.fromEntries(
      open.flatMap(([lineNumber, wanted]) => {
        const sku = order.lines.find((line) => line.lineNumber === lineNumber)?.sku ?? '';
        const there = Math.min(wanted, threepl.stock[sku] ?? 0);
        return there > 0 ? [[lineNumber, there]] : [];
      }),
    );
    const packages = Object.keys(units).length === 0 ? [] : [{ trackingNumber: `3PL${number}`, sscc: null, units }];
    const { name } = await threepl.ship(number, packages, true);
    console.log(`${number}: told in ${name}`);
    since.set(number, Number.POSITIVE_INFINITY);
  }
  if (Date.now() - counted >= Number(values['count-every']) * 1_000) {
    counted = Date.now();
    console.log(`counted: ${(await threepl.count()).name}`);
  }
  await new Promise((done) => setTimeout(done, 1_000));
}
