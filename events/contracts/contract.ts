import type { z } from 'zod';

/** The parts of the system that write and read events. */
export type EventParty =
  | 'product'
  | 'inventory'
  | 'order'
  | 'fulfillment'
  | 'settlement'
  | 'operations'
  | 'orchestrator'
  | 'gateway';

/**
 * One kind of event and one version of its data. A released contract only ever gains optional fields; anything else
 * is a new version beside it, written together with the old one until its last reader is gone.
 */
export interface EventContract<Data extends z.ZodType = z.ZodType> {
  /** Form of `data`. Strict: a field that is not in the contract is refused when the event is written. */
  readonly schema: Data;
  /** What has happened, in a sentence. */
  readonly meaning: string;
  /** The only one who writes it; gives the `source` of the envelope. */
  readonly sender: EventParty;
  /** Who acts on it. Information for those who want to change it. */
  readonly readers: readonly EventParty[];
  /** What `subject` is. Events of one subject keep their order, on the way and with every reader. */
  readonly subject: string;
}

/** Keeps the exact type of the schema. */
export function defineContract<Data extends z.ZodType>(contract: EventContract<Data>): EventContract<Data> {
  return contract;
}
