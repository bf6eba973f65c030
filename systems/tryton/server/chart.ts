import { z } from 'zod';
import type { TrytonClient, TrytonDomain } from '../client.ts';
import { id } from '../wire.ts';

type Kind = 'ASSET' | 'CASH' | 'TAX' | 'REVENUE' | 'EXPENSE';

/** Where accounts of a kind stand in Tryton's minimal chart. */
const TYPES: Readonly<Record<Kind, TrytonDomain>> = {
  ASSET: [['name', '=', 'Current'], ['assets', '=', true]],
  CASH: [['name', '=', 'Cash']],
  TAX: [['name', '=', 'Tax']],
  REVENUE: [['revenue', '=', true]],
  EXPENSE: [['expense', '=', true]],
}; // biome-ignore format: a table

/** Numbers of the accounts that its own chart begins with. */
const MAIN: Readonly<Record<string, string>> = { 'Main Receivable': '1200', 'Main Cash': '1800', 'Main Tax': '1776', 'Main Revenue': '8400' }; // biome-ignore format: a table

/** What the graph posts to besides, see config/posting-rules.yaml. */
const MORE: readonly (readonly [number: string, name: string, kind: Kind])[] = [
  ['1361', 'Channels: sold and invoiced, not yet settled', 'ASSET'],
  ['1362', 'Channels: settled, not yet paid out', 'ASSET'],
  ['1363', 'Channels: held back', 'ASSET'],
  ['1364', 'Payouts on their way to the bank', 'ASSET'],
  ['1365', 'Clearing between currencies', 'ASSET'],
  ['1366', 'Channels: in dispute', 'ASSET'],
  ['1390', 'Settlement lines without an explanation', 'ASSET'],
  ['1460', 'Payment providers', 'CASH'],
  ['1777', 'Tax that channels paid for us', 'TAX'],
  ['4840', 'Exchange differences', 'REVENUE'],
  ['4930', 'Settlement differences accepted', 'REVENUE'],
  ['4931', 'Settlement differences within tolerance', 'REVENUE'],
  ['6770', 'Commissions of channels', 'EXPENSE'],
  ['6771', 'Fees of channels', 'EXPENSE'],
  ['6772', 'Chargebacks', 'EXPENSE'],
  ['6931', 'Settlement differences written off', 'EXPENSE'],
  ['8405', 'Delivery charges', 'REVENUE'],
  ['8420', 'Discounts borne by us', 'REVENUE'],
];

/** Gives the accounts of a new company the numbers that the graph posts to, and the journal that it posts in. */
export async function numberAccounts(tryton: TrytonClient, company: number): Promise<void> {
  const one = async (model: string, domain: TrytonDomain): Promise<number> => {
    const [found] = await tryton.searchRead(model, domain, z.object({ id }), [], { limit: 1 });
    if (!found) throw new Error(`Tryton has no ${model} with ${JSON.stringify(domain)}`);
    return found.id;
  };
  const ofCompany = ['company', '=', company];
  for (const [name, code] of Object.entries(MAIN))
    await tryton.write('account.account', [await one('account.account', [['name', '=', name], ofCompany])], { code });
  const types = new Map<Kind, number>();
  for (const kind of Object.keys(TYPES) as Kind[])
    types.set(kind, await one('account.account.type', [...TYPES[kind], ofCompany]));
  const accounts = MORE.map(([code, name, kind]) => ({ code, name, company, type: types.get(kind) }));
  await tryton.create('account.account', accounts);
  const sequence = await one('ir.sequence', [['sequence_type.name', '=', 'Account Journal']]);
  await tryton.create('account.journal', [{ name: 'Commerce graph', code: 'COMMERCE', type: 'general', sequence }]);
}
