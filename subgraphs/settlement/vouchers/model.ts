/** PREPARED: ours only. SENT: the ERP may have it, and is asked before it is sent again. REFUSED: sent again by the next run. */
export type VoucherState = 'PREPARED' | 'SENT' | 'ACCEPTED' | 'REFUSED';

/** What is posted: everything, or a month, or a channel. */
export interface VoucherScope {
  /** Month such as 2026-11; null for all. */
  readonly period: string | null;
  readonly channelCode: string | null;
}

export interface Voucher {
  /** Also the reference that the ERP knows it by. */
  readonly id: string;
  readonly period: string;
  /** Empty when it belongs to no channel. */
  readonly channelCode: string;
  readonly currencyCode: string;
  /** Counts the vouchers of the month, channel and currency. */
  readonly number: number;
  readonly state: VoucherState;
  /** Sum of the debits, which is that of the credits; minor units. */
  readonly totalMinor: string;
  readonly entryCount: number;
  /** The ERP's number. Null until it accepted. */
  readonly erpNumber: string | null;
  /** Why the ERP refused it. Null unless it did. */
  readonly refusal: string | null;
  readonly preparedAt: Date;
  readonly changedAt: Date;
}

/** What people call a voucher, here and in the ERP. */
export function titleOf({ channelCode, period, currencyCode, number }: Omit<VoucherName, 'id'>): string {
  return `${channelCode || 'No channel'} ${period} ${currencyCode} no. ${number}`;
}

type VoucherName = Pick<Voucher, 'id' | 'channelCode' | 'period' | 'currencyCode' | 'number'>;
