import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../platform/idempotency/canonical-json.ts';
import type { SettlementLine } from './model.ts';

/**
 * What makes a row the same row again, wherever it stands: everything but its line number. 16 bytes.
 * A channel that books the same amount twice for different reasons gives different times or references.
 */
export function fingerprintOf(channelCode: string, line: SettlementLine): Buffer {
  const { lineNumber: _place, postedAt, amountMinor, original, ...rest } = line;
  const content = {
    ...rest,
    channelCode,
    postedAt: postedAt.getTime(),
    amountMinor: amountMinor.toString(),
    original: original && { ...original, amountMinor: original.amountMinor.toString() },
  };
  return createHash('sha256').update(canonicalJson(content)).digest().subarray(0, 16);
}
