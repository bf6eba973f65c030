import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem.ts';

/** Longest request body, in bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Reads the JSON body of a POST.
 * @returns undefined when the body is not declared as JSON: whoever asked refuses it in its own words
 * @throws HttpProblem 413 when it is too long, 415 for an encoding other than UTF-8, 400 when it is not JSON
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset))
    throw unsupported(`The charset ${charset.slice(0, 40)} is not supported. Send UTF-8.`);
  if (encoding.toLowerCase() !== 'identity') throw unsupported('A compressed body is not supported.');
  const bytes = await readBytes(request);
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new HttpProblem(400, 'BAD_REQUEST', 'The body is not JSON in UTF-8.');
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLong();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLong(): HttpProblem {
  // What is still coming is not read: the connection cannot carry another request.
  return new HttpProblem(413, 'BAD_REQUEST', `The body is longer than ${MAX_BODY_BYTES} bytes.`, {
    connection: 'close',
  });
}

function unsupported(message: string): HttpProblem {
  return new HttpProblem(415, 'BAD_REQUEST', message);
}
