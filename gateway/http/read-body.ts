import type { IncomingMessage } from 'node:http';
import { limitExceeded } from '../guards/limit-exceeded.ts';
import { HttpProblem } from './problem.ts';

/**
 * Reads the JSON body of a POST.
 * @param maxBytes longest body that is read
 * @returns undefined when the body is not declared as JSON: whoever asked refuses it in its own words
 * @throws HttpProblem 413 when it is too long, 415 for an encoding other than UTF-8, 400 when it is not JSON
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset))
    throw unsupported(`The charset ${charset.slice(0, 40)} is not supported. Send UTF-8.`);
  if (encoding.toLowerCase() !== 'identity') throw unsupported('A compressed body is not supported.');
  const bytes = await readBytes(request, maxBytes);
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) return undefined;
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new HttpProblem(400, 'BAD_REQUEST', 'The body is not JSON in UTF-8.');
  }
}

/** For whole texts: nothing of one is kept for the next. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** By its events: an iterator over a stream costs as much as parsing what comes out of it. */
function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLong(maxBytes);
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      // Left alive when it is too long: destroying it would close the connection before the answer is read.
      request.off('data', take).pause();
      reject(tooLong(maxBytes));
    };
    request.on('data', take);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
  });
}

function tooLong(maxBytes: number): HttpProblem {
  const { message, details } = limitExceeded('bodyBytes', maxBytes);
  // What is still coming is not read: the connection cannot carry another request.
  return new HttpProblem(413, 'LIMIT_EXCEEDED', message, { connection: 'close' }, { details });
}

function unsupported(message: string): HttpProblem {
  return new HttpProblem(415, 'BAD_REQUEST', message);
}
