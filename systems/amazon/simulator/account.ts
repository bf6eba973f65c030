import type { StoredOrder } from './orders.ts';

/** What the reference server keeps of one selling account. Everything in it may be changed while it runs. */
export interface AmazonAccount {
  readonly reports: AmazonStoredReport[];
  readonly groups: AmazonStoredGroup[];
  /** Orders by their id. */
  readonly orders: Map<string, StoredOrder>;
  /** Payouts as listPayouts tells them, as JSON. */
  readonly payouts: { readonly createdAt: Date; json: string }[];
}

export interface AmazonStoredReport {
  readonly reportId: string;
  readonly createdAt: Date;
  /** Other than DONE: not finished yet, or never. */
  status: string;
  content: string;
}

export interface AmazonStoredGroup {
  readonly id: string;
  readonly startedAt: Date;
  /** Null while the group is open. */
  endedAt: Date | null;
  /** Transactions as JSON. */
  readonly transactions: string[];
}

export function emptyAccount(): AmazonAccount {
  return { reports: [], groups: [], orders: new Map(), payouts: [] };
}
