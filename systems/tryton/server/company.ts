import { z } from 'zod';
import type { TrytonClient, TrytonDomain } from '../client.ts';
import { date, decimal, id } from '../wire.ts';
import { numberAccounts } from './chart.ts';

const record = z.object({ id });

/** Sets a company up in a new database: currency, chart of accounts, three fiscal years, tax, terms, accounts of goods. */
export async function setUpCompany(tryton: TrytonClient): Promise<void> {
  const one = async (model: string, domain: TrytonDomain): Promise<number> => {
    const [found] = await tryton.searchRead(model, domain, record, [], { limit: 1 });
    if (!found) throw new Error(`Tryton has no ${model} with ${JSON.stringify(domain)}`);
    return found.id;
  };
  const create = async (model: string, values: object): Promise<number> => {
    const [made] = await tryton.create(model, [values]);
    if (made === undefined) throw new Error(`Tryton made no ${model}`);
    return made;
  };
  const year = new Date().getUTCFullYear();

  const currency = await create('currency.currency', {
    name: 'Pound sterling',
    code: 'GBP',
    symbol: '£',
    numeric_code: '826',
    digits: 2,
    rounding: decimal('0.01'),
    rates: [['create', [{ date: date(`${year}-01-01`), rate: decimal('1') }]]],
  });
  const party = await create('party.party', { name: 'Example Gifts Ltd' });
  // A time zone would need a package that is not installed: its clock is UTC.
  // Staff may cancel a posted invoice: by a posting the other way round.
  const company = await create('company.company', { party, currency, timezone: null, cancel_invoice_out: true });
  const { user } = await tryton.identity();
  await tryton.write('res.user', [user], { companies: [['add', [company]]], company });
  await tryton.renewSession();

  await createChart(tryton, company, one);
  await numberAccounts(tryton, company);
  // In January the vouchers of December are posted.
  for (const each of [year - 1, year, year + 1]) await openYear(tryton, company, each, { one, create });

  const accountOf = (domain: TrytonDomain) => one('account.account', [...domain, ['company', '=', company]]);
  const taxAccount = await accountOf([['name', '=', 'Main Tax']]);
  const tax = await create('account.tax', {
    name: 'VAT 20 %',
    description: 'VAT 20 %',
    type: 'percentage',
    rate: decimal('0.2'),
    company,
    invoice_account: taxAccount,
    credit_note_account: taxAccount,
  });
  await create('account.invoice.payment_term', { name: 'Immediate', lines: [['create', [{ type: 'remainder' }]]] });
  const cash = await accountOf([['name', '=', 'Main Cash']]);
  await create('account.invoice.payment.method', {
    name: 'Payment provider',
    company,
    journal: await one('account.journal', [['type', '=', 'cash']]),
    credit_account: cash,
    debit_account: cash,
  });
  await create('product.category', {
    name: 'Goods at the full rate',
    accounting: true,
    account_expense: await accountOf([['type.expense', '=', true]]),
    account_revenue: await accountOf([['type.revenue', '=', true]]),
    customer_taxes: [['add', [tax]]],
  });
}

type Find = (model: string, domain: TrytonDomain) => Promise<number>;

/** The chart comes from a template, by an assistant in three steps. */
async function createChart(tryton: TrytonClient, company: number, one: Find): Promise<void> {
  const [template] = await tryton.searchRead(
    'ir.model.data',
    [['module', '=', 'account'], ['fs_id', '=', 'account_template_root_en']], // biome-ignore format: one thought
    z.object({ db_id: id }),
    ['db_id'],
  );
  const wizard = 'wizard.account.create_chart';
  const ask = <Answer extends z.ZodType>(step: string, params: readonly unknown[], answer: Answer) =>
    tryton.call(`${wizard}.${step}`, params, answer, { repeatable: false });
  const [session, start] = await ask('create', [], z.tuple([z.int(), z.string()], z.unknown()));
  await ask('execute', [session, {}, start], z.unknown());
  const account = { company, account_template: template?.db_id };
  await ask('execute', [session, { account }, 'create_account'], z.unknown());
  const properties = {
    company,
    account_receivable: await one('account.account', [['type.receivable', '=', true]]),
    account_payable: await one('account.account', [['type.payable', '=', true]]),
  };
  await ask('execute', [session, { account, properties }, 'create_properties'], z.unknown());
  await ask('delete', [session], z.unknown());
}

async function openYear(
  tryton: TrytonClient,
  company: number,
  year: number,
  { one, create }: { readonly one: Find; readonly create: (model: string, values: object) => Promise<number> },
): Promise<void> {
  const typeOf = (name: string) => one('ir.sequence.type', [['name', '=', name]]);
  const moves = await create('ir.sequence', { name: `Moves ${year}`, sequence_type: await typeOf('Account Move'), company }); // biome-ignore format: one thought
  const numbers = await create('ir.sequence.strict', {
    name: `Invoices ${year}`,
    sequence_type: await typeOf('Invoice'),
    company,
    prefix: `INV${year}-`,
  });
  const sequences = {
    company,
    in_invoice_sequence: numbers,
    in_credit_note_sequence: numbers,
    out_invoice_sequence: numbers,
    out_credit_note_sequence: numbers,
  };
  const fiscalYear = await create('account.fiscalyear', {
    name: String(year),
    start_date: date(`${year}-01-01`),
    end_date: date(`${year}-12-31`),
    company,
    post_move_sequence: moves,
    invoice_sequences: [['create', [sequences]]],
  });
  await tryton.press('account.fiscalyear', 'create_period', [fiscalYear]);
}
