import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../platform/idempotency/canonical-json.ts';
import type { LedgerLine, NewLedgerEntry } from './model.ts';

/** An entry as it stands in the chain, without its own hash. */
export interface ChainedEntry extends NewLedgerEntry {
  readonly sequence: bigint;
  readonly id: string;
  readonly ruleVersion: number;
  /** Month it counts in. */
  readonly period: string;
  readonly recordedAt: Date;
  readonly previousHash: Buffer;
}

/** Before the first entry. */
export const GENESIS = Buffer.alloc(32);

/** SHA-256 over everything that the entry says and the hash before it: a change to any earlier entry shows in every later hash. */
export function hashOf(entry: ChainedEntry): Buffer {
  // Named one by one: what else an object carries is not what the entry says.
  const content = {
    sequence: entry.sequence.toString(),
    id: entry.id,
    cause: entry.cause,
    event: entry.event,
    erp: entry.erp,
    ruleVersion: entry.ruleVersion,
    period: entry.period,
    bookedAt: entry.bookedAt.toISOString(),
    description: entry.description,
    channelCode: entry.channelCode,
    orderId: entry.orderId,
    statementId: entry.statementId,
    reversalOf: entry.reversalOf,
    actor: entry.actor,
    recordedAt: entry.recordedAt.toISOString(),
    previousHash: entry.previousHash.toString('hex'),
    lines: entry.lines.map(lineContent),
  };
  return createHash('sha256').update(canonicalJson(content)).digest();
}

function lineContent(line: LedgerLine) {
  const { account, side, amountMinor, currencyCode } = line;
  return { account, side, amountMinor: amountMinor.toString(), currencyCode };
}
