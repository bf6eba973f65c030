import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/**
 * Shortest answer that is compressed, in bytes. Below it both fit into what a connection sends at first, before it waits for
 * the client: nobody would be answered earlier (docs/performance.md).
 */
export const COMPRESSED_FROM = 8_192;

/** The quickest level: the next ones take twice the time and save a sixth more. */
const LEVEL = 1;

const compress = promisify(gzip);

/**
 * Compresses an answer where it pays, on another thread.
 * @param accepted what the client says of encodings (`accept-encoding`)
 * @returns null where it goes as it is
 */
export async function compressed(parts: readonly Buffer[], accepted: string | undefined): Promise<Buffer | null> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length < COMPRESSED_FROM || !takesGzip(accepted)) return null;
  return compress(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts), { level: LEVEL });
}

/** Only who names gzip, and does not refuse it with `q=0`. */
function takesGzip(accepted = ''): boolean {
  const named = accepted.split(',').find((coding) => /^\s*gzip\s*(;|$)/i.test(coding));
  return named !== undefined && !/;\s*q=0(\.0*)?\s*$/i.test(named);
}
