import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { LineUnits } from './cancellation-request.ts';

/** Units of a line that their node is not asked for: it refused them before, or was asked and has not answered. */
interface KeptUnits extends LineUnits {
  readonly isRefused: boolean;
}

/** Units that are to be cancelled and are with nodes. */
export interface UnitsWithNodes {
  readonly wanted: readonly LineUnits[];
  /** Those of them that a node can be asked for. */
  readonly askable: readonly LineUnits[];
  /** These, and those that a node refused before: whoever waits for an answer can be told of them. */
  readonly answerable: readonly LineUnits[];
  /** Why nobody is asked for the others. */
  readonly why: string;
}

/**
 * @param lines of each line how many units are wished for, and how many of it nodes have
 */
export async function readUnitsWithNodes(
  trx: Knex.Transaction,
  orderId: string,
  lines: readonly { readonly lineId: string; readonly wished: number; readonly there: number }[],
): Promise<UnitsWithNodes> {
  const wanted = lines.flatMap(({ lineId, wished, there }) => units(lineId, Math.min(wished, there)));
  if (wanted.length === 0) return { wanted, askable: [], answerable: [], why: '' };
  const kept = await query<KeptUnits>(
    trx,
    'select line_id as "lineId", quantity, is_refused as "isRefused" from fulfillment.units_kept(?)',
    [orderId],
  );
  const without = (taken: readonly KeptUnits[]) =>
    lines.flatMap(({ lineId, wished, there }) =>
      units(lineId, Math.min(wished, there - sumOf(taken.filter((each) => each.lineId === lineId)))),
    );
  const askable = without(kept);
  const answerable = without(kept.filter(({ isRefused }) => !isRefused));
  const why = kept.some(({ isRefused }) => isRefused)
    ? 'Their node refused to give these units back, and is not asked again. Request a return when they have arrived.'
    : ASKED_BEFORE;
  return { wanted, askable, answerable, why };
}

/** Of units that a node is asked for, and has not answered. */
export const ASKED_BEFORE =
  'Their node is asked already to give its work back, and has not answered yet. Try again when it has.';

const units = (lineId: string, quantity: number): LineUnits[] => (quantity > 0 ? [{ lineId, quantity }] : []);

/** Units of all lines. */
export const sumOf = (lines: readonly { readonly quantity: number }[]): number =>
  lines.reduce((sum, line) => sum + line.quantity, 0);
