import type { OrderLine } from '../../systems/sample-data/order-lines.ts';

/** One line of an order to place. */
export interface Sale {
  readonly line: OrderLine;
  readonly sku: string;
}

/** An invoice of the file, as one marketplace order. */
export interface PlannedOrder {
  readonly invoiceNo: string;
  /** Empty for a guest. */
  readonly customerId: string;
  readonly countryCode: string;
  /** At least one, in the order of the file. */
  readonly sales: readonly Sale[];
}
