import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { request } from 'undici';
import { isCommerceError } from '../../platform/errors.ts';
import { aborted, badResponse, refusedWith, timedOut, unavailable } from '../client-kit/failure.ts';

const SYSTEM = 'AMAZON';
const gunzipped = promisify(gunzip);
/** Of a document unpacked. A feed of the size that is sent has a report far below it. */
const MOST_BYTES = 32 * 1024 * 1024;

// A document's address carries its own permission and is good for five minutes: no token goes there.

/** Puts a document where Amazon said. @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_REJECTED */
export async function uploadDocument(url: string, contentType: string, body: string, timeoutMillis: number, signal: AbortSignal): Promise<void> {
  await transfer(timeoutMillis, signal, async (either) => {
    const answer = await request(url, { method: 'PUT', headers: { 'content-type': contentType }, body, signal: either });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw refusedWith(SYSTEM, answer.statusCode, null, null);
  });
} // biome-ignore format: one thought

/** The text of a document, unpacked. @throws CommerceError as above, SYSTEM_BAD_RESPONSE for one that cannot be unpacked or is too large */
export function downloadDocument(url: string, compression: string | null, timeoutMillis: number, signal: AbortSignal): Promise<string> {
  if (compression !== null && compression !== 'GZIP') throw badResponse(SYSTEM, 'compression');
  return transfer(timeoutMillis, signal, async (either) => {
    const answer = await request(url, { signal: either });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw refusedWith(SYSTEM, answer.statusCode, null, null);
    }
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > MOST_BYTES) throw badResponse(SYSTEM, 'document too large');
      pieces.push(piece);
    }
    const packed = Buffer.concat(pieces);
    if (compression === null) return packed.toString();
    try {
      return (await gunzipped(packed, { maxOutputLength: MOST_BYTES })).toString();
    } catch {
      throw badResponse(SYSTEM, 'document not packed as it says, or too large');
    }
  });
} // biome-ignore format: one thought

async function transfer<Result>(timeoutMillis: number, signal: AbortSignal, run: (either: AbortSignal) => Promise<Result>): Promise<Result> {
  const budget = AbortSignal.timeout(timeoutMillis);
  try {
    return await run(AbortSignal.any([signal, budget]));
  } catch (error) {
    if (isCommerceError(error)) throw error;
    if (signal.aborted) throw aborted(SYSTEM);
    throw budget.aborted ? timedOut(SYSTEM, timeoutMillis) : unavailable(SYSTEM, 'connection', error);
  }
} // biome-ignore format: one thought
