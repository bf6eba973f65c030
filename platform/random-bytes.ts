import { randomFillSync } from 'node:crypto';

// Bytes for many uses at once: a call for each costs more than a signature.
const pool = Buffer.alloc(4_096);
let used = pool.length;

/**
 * Unpredictable bytes as text.
 * @param count of bytes, at most 4,096
 */
export function randomText(count: number, encoding: 'hex' | 'base64url'): string {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.toString(encoding, used - count, used);
}
