import { hash } from 'node:crypto';
import type { SettlementLine } from './model.ts';

/** References that number rows: the same row told again may have another one. */
const ROW_NUMBERS = new Set(['transactionKey']);

/**
 * What makes a row the same row again, wherever it stands: everything but its line number. 16 bytes.
 * A channel that books the same amount twice for different reasons gives different times or references. Of what was sold the
 * units that were ordered tell how often it may be told, so there not even a new number makes it another row.
 *
 * One list in a fixed order instead of canonical JSON: a million lines are hashed while a report is taken in.
 */
export function fingerprintOf(channelCode: string, line: SettlementLine): Buffer {
  const { words, original, references } = line;
  const names = Object.keys(references).sort();
  const content = [
    channelCode,
    line.kind,
    line.class,
    words.transaction,
    words.type,
    words.description,
    line.channelOrderId,
    line.merchantOrderId,
    line.sku,
    line.quantity,
    line.amountMinor.toString(),
    line.currencyCode,
    original && [original.amountMinor.toString(), original.currencyCode],
    line.postedAt.getTime(),
    (isOfUnitsSold(line) ? names.filter((name) => !ROW_NUMBERS.has(name)) : names).map((name) => [name, references[name]]),
  ]; // biome-ignore format: a list
  return hash('sha256', JSON.stringify(content), 'buffer').subarray(0, 16);
}

function isOfUnitsSold({ kind, class: of, channelOrderId, sku }: SettlementLine): boolean {
  return kind === 'ORDER' && ['SALE', 'SALE_TAX', 'COMMISSION'].includes(of) && channelOrderId !== null && sku !== null;
}
