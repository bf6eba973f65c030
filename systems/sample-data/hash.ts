import { createHash } from 'node:crypto';

/**
 * A number from 0 to `below` - 1 that depends on the words alone: what looks random in the sample data is the same on
 * every machine and in every run.
 */
export function pick(below: number, ...words: string[]): number {
  return createHash('sha256').update(words.join('\n')).digest().readUInt32BE(0) % below;
}
