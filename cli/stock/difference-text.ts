import type { LedgerDifference } from '../../subgraphs/inventory/index.ts';

/** One line about a position that its ledger does not explain. */
export function differenceText({ sku, locationId, quantities }: LedgerDifference): string {
  const texts = quantities.map(
    ({ name, position, ledger, lines }) =>
      `${name} is ${position}, ledger ${ledger}${lines === null ? '' : `, reservations ${lines}`}`,
  );
  return `${sku} at ${locationId}: ${texts.join('; ')}`;
}
