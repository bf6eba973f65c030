import { groupBy } from './batch.ts';

interface Units {
  readonly lineId: string;
  readonly quantity: number;
}

/** Units of order lines, each line once: some of a line can be at a node and others wait, and systems want to hear of it once. */
export function unitsByLine(units: readonly Units[]): Units[] {
  return [...groupBy(units, ({ lineId }) => lineId)].map(([lineId, same]) => ({
    lineId,
    quantity: same.reduce((sum, { quantity }) => sum + quantity, 0),
  }));
}
