/** Chart of accounts, as far as sales need it. */
export const ACCOUNTS = {
  receivables: { account: '1200', accountName: 'Trade receivables' },
  bank: { account: '1800', accountName: 'Bank' },
  outputTax: { account: '1776', accountName: 'Output tax' },
  revenue: { account: '8400', accountName: 'Revenue' },
} as const;

const NAMES = new Map<string, string>(Object.values(ACCOUNTS).map((one) => [one.account, one.accountName]));

/** Name of an account of the chart; the number itself for one that is no longer in it. */
export const accountName = (account: string): string => NAMES.get(account) ?? account;
