import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import type { LockedDelivery } from './delivery.ts';
import { bookMovements, type LockedStock } from './ledger.ts';
import type { ParcelContent } from './parcels.ts';

/** A line of which something is still to be issued. */
export interface OpenLine extends ParcelContent {
  readonly deliveryNo: string;
  readonly externalRef: string;
  readonly site: string;
  /** Lines of one set leave as whole sets. Null: the line leaves by itself. */
  readonly setRef: string | null;
  /** Pieces of the line in one set. */
  readonly perSet: number | null;
  readonly issuedBefore: number;
}

/** A line after the decision: `quantity` is taken from stock now, `short` will not be delivered. */
export interface IssueLine extends OpenLine {
  readonly short: number;
}

/** What is still to be issued of locked deliveries, in their order. `quantity` is the open quantity. */
export async function openLines(trx: Knex.Transaction, deliveries: readonly LockedDelivery[]): Promise<OpenLine[]> {
  const { rows } = await trx.raw<{ rows: OpenLine[] }>(
    `select delivery_no as "deliveryNo", external_ref as "externalRef", site, line_ref as "lineRef",
            article_no as "articleNo", quantity - issued - short as quantity,
            set_ref as "setRef", per_set as "perSet", issued as "issuedBefore"
     from unnest(?::text[]) with ordinality as wanted (delivery_no, place)
     join wms.delivery using (delivery_no) join wms.delivery_line using (delivery_no)
     where quantity > issued + short
     order by place, line_no`,
    [deliveries.map((delivery) => delivery.deliveryNo)],
  );
  return rows;
}

/** Gives out what there is, first come, first served, sets only whole; the rest is short. */
export function limitToStock(lines: readonly OpenLine[], stock: LockedStock): IssueLine[] {
  const taken = new Map<string, number>();
  const position = (line: OpenLine) => `${line.site}\n${line.articleNo}`;
  const there = (line: OpenLine) =>
    Math.min(line.quantity, stock.at(line.site, line.articleNo).quantity - (taken.get(position(line)) ?? 0));
  const together = groupBy(lines, ({ deliveryNo, lineRef, setRef }) => JSON.stringify([deliveryNo, setRef ?? [lineRef]])); // biome-ignore format: one thought
  return [...together.values()].flatMap((set) => {
    // A line that is not open any more has left in full: it limits nothing.
    const sets = Math.min(...set.map((line) => Math.floor((line.issuedBefore + there(line)) / (line.perSet ?? 1))));
    return set.map((line) => {
      const quantity = Math.max(0, sets * (line.perSet ?? 1) - line.issuedBefore);
      taken.set(position(line), (taken.get(position(line)) ?? 0) + quantity);
      return { ...line, quantity, short: line.quantity - quantity };
    });
  });
}

/** Writes on the lines of deliveries what is issued and what will not come. */
export async function writeIssue(trx: Knex.Transaction, lines: readonly IssueLine[]): Promise<void> {
  await trx.raw(
    `update wms.delivery_line set issued = delivery_line.issued + done.quantity, short = delivery_line.short + done.short
     from unnest(?::text[], ?::text[], ?::int[], ?::int[]) as done (delivery_no, line_ref, quantity, short)
     where delivery_line.delivery_no = done.delivery_no and delivery_line.line_ref = done.line_ref`,
    [
      lines.map((line) => line.deliveryNo),
      lines.map((line) => line.lineRef),
      lines.map((line) => line.quantity),
      lines.map((line) => line.short),
    ],
  );
}

/** Takes the goods out of stock. Last statement of a transaction, see {@link bookMovements}. */
export async function bookIssue(trx: Knex.Transaction, stock: LockedStock, lines: readonly IssueLine[]): Promise<void> {
  const movements = lines
    .filter((line) => line.quantity > 0)
    .map((line) => ({
      site: line.site,
      articleNo: line.articleNo,
      movementCode: 'GI' as const,
      quantityDelta: -line.quantity,
      documentRef: line.externalRef,
      lineRef: line.lineRef,
    }));
  await bookMovements(trx, stock, movements);
}

/** Separates what was taken from what was missing, in the shape events tell it. */
export function splitIssue(lines: readonly IssueLine[]): {
  issued: ParcelContent[];
  shorts: ParcelContent[];
} {
  return {
    issued: lines
      .filter((line) => line.quantity > 0)
      .map(({ lineRef, articleNo, quantity }) => ({ lineRef, articleNo, quantity })),
    shorts: lines
      .filter((line) => line.short > 0)
      .map(({ lineRef, articleNo, short }) => ({ lineRef, articleNo, quantity: short })),
  };
}
