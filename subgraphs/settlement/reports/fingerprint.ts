import { hash } from 'node:crypto';
import type { SettlementLine } from './model.ts';

/**
 * What makes a row the same row again, wherever it stands: everything but its line number. 16 bytes.
 * A channel that books the same amount twice for different reasons gives different times or references.
 *
 * One list in a fixed order instead of canonical JSON: a million lines are hashed while a report is taken in.
 */
export function fingerprintOf(channelCode: string, line: SettlementLine): Buffer {
  const { words, original, references } = line;
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
    Object.keys(references).sort().map((name) => [name, references[name]]),
  ]; // biome-ignore format: a list
  return hash('sha256', JSON.stringify(content), 'buffer').subarray(0, 16);
}
