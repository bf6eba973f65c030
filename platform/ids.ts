import { createHash, randomFillSync } from 'node:crypto';

/** Prefix of every kind of opaque id. The prefix is for people who read logs; clients must not parse it. */
export const ID_PREFIXES = {
  product: 'prd',
  variant: 'var',
  category: 'cat',
  location: 'loc',
  position: 'pos',
  reservation: 'rsv',
  order: 'ord',
  orderLine: 'oln',
  cancellationRequest: 'crq',
  fulfillmentOrder: 'ful',
  fulfillmentOrderLine: 'fln',
  workCommand: 'wcm',
  shipment: 'shp',
  package: 'pkg',
  return: 'ret',
  returnLine: 'rln',
  refund: 'rfd',
  invoice: 'inv',
  journalEntry: 'jrn',
  settlement: 'stl',
  settlementLine: 'stn',
  payout: 'pay',
  bankReceipt: 'brc',
  reconciliationException: 'rex',
  integrationException: 'iex',
  deskJob: 'djb',
  ledgerEntry: 'led',
  decision: 'dec',
  voucher: 'vch',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford base 32: no i, l, o, u

/** A new id such as `ord_01jd8...`: time-ordered (48 bits of milliseconds), then 80 random bits. */
export function newId(kind: IdKind, now: number = Date.now()): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(now, 0, 6);
  copyRandom(bytes, 6, 10);
  return `${ID_PREFIXES[kind]}_${base32(bytes)}`;
}

/** Random bytes are cheap by the page and dear by the id: an order takes five. No byte is handed out twice. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

function copyRandom(target: Buffer, at: number, length: number): void {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(target, at, used, used + length);
  used += length;
}

/** The same id for the same business key, for objects that a system of record names (products, locations). */
export function derivedId(kind: IdKind, ...businessKey: string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(businessKey)).digest();
  return `${ID_PREFIXES[kind]}_${base32(hash.subarray(0, 16))}`;
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  if (bits > 0) text += ALPHABET[(buffer << (5 - bits)) & 31];
  return text;
}
