import { createHash } from 'node:crypto';

/**
 * Identity of a request's content, to tell a repeated request from a reused reference.
 * Give it the value *after* zod parsed it: zod writes object keys in schema order and fills defaults in, so two bodies
 * that mean the same have the same text.
 *
 * @returns 64 hex digits
 */
export function fingerprint(parsed: unknown): string {
  return createHash('sha256').update(JSON.stringify(parsed)).digest('hex');
}
