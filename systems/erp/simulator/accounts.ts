import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { Refusal } from '../../kit/refusal.ts';
import type { GlAccount } from '../wire.ts';

/** The accounts that the ERP books on by itself. */
export const ACCOUNTS = { receivables: '1200', bank: '1800', outputTax: '1776', revenue: '8400' } as const;

/** Opens an account in the chart, or renames it. */
export async function putAccount(knex: Knex, { account, accountName }: GlAccount): Promise<void> {
  await knex.raw(
    `insert into erp.gl_account (account, account_name) values (?, ?)
     on conflict (account) do update set account_name = excluded.account_name`,
    [account, accountName],
  );
}

/** @throws Refusal 422 UNKNOWN_ACCOUNT for the first one that the chart does not have */
export async function refuseUnknownAccounts(trx: Knex.Transaction, accounts: readonly string[]): Promise<void> {
  const [unknown] = await query<{ account: string }>(
    trx,
    `select account from unnest(?::text[]) as named (account)
     where not exists (select from erp.gl_account known where known.account = named.account) order by account limit 1`,
    [accounts],
  );
  if (unknown) throw new Refusal(422, 'UNKNOWN_ACCOUNT', `no account ${unknown.account}`, { account: unknown.account });
}
