import type { Knex } from 'knex';

/** What the order domain needs to know of parcels that do not reach their buyers. All in the caller's transaction, under the order's lock. */
export interface StrandedParcels {
  /**
   * Units of an order's lines in parcels that go back to their node, or whose label was cancelled; those that were taken in
   * are among them. They stay what they are until the transaction ends.
   */
  units(trx: Knex.Transaction, orderId: string): Promise<ReadonlyMap<string, number>>;

  /** Notes how many units of each line nodes took in of such parcels, in all. */
  takeIn(
    trx: Knex.Transaction,
    orderId: string,
    units: readonly { readonly lineId: string; readonly quantity: number }[],
  ): Promise<void>;

  /** Notes how many lost units of each line are paid back, in all: nothing is expected of a parcel whose units all are. */
  payBack(
    trx: Knex.Transaction,
    orderId: string,
    units: readonly { readonly lineId: string; readonly quantity: number }[],
  ): Promise<void>;
}

/** Where nothing of parcels is known. */
export const NO_PARCELS: StrandedParcels = {
  units: async () => new Map(),
  takeIn: async () => undefined,
  payBack: async () => undefined,
};
