import type { ServerResponse } from 'node:http';
import { sleep } from '../../platform/clock.ts';
import { type FaultRule, replacesHandler } from './fault-rules.ts';
import type { Reply } from './route.ts';

const never = (signal: AbortSignal) => sleep(2 ** 31 - 1, signal);

/**
 * Plays the faults that come before the handler.
 *
 * @returns true when the request is over and the handler must not run
 */
export async function faultsBefore(
  rules: readonly FaultRule[],
  response: ServerResponse,
  signal: AbortSignal,
): Promise<boolean> {
  for (const rule of rules) {
    if (rule.kind === 'latency') await sleep(Number(rule.value ?? 1000), signal);
    if (!replacesHandler(rule)) continue;
    await answerInstead(rule, response, signal);
    return true;
  }
  return false;
}

async function answerInstead(rule: FaultRule, response: ServerResponse, signal: AbortSignal): Promise<void> {
  switch (rule.kind) {
    case 'hang':
      await never(signal);
      response.destroy();
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'status': {
      const status = Number(rule.value ?? 503);
      if (status === 429) response.setHeader('retry-after', '1');
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: 'FAULT', message: 'fault on demand' } }));
      return;
    }
    case 'error-body':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: 'FAULT', message: String(rule.value ?? 'fault on demand') } }));
      return;
    case 'garbage':
      response.writeHead(200, { 'content-type': rule.value === 'wrong-types' ? 'application/json' : 'text/html' });
      response.end(junk(rule.value));
      return;
    default:
      throw new Error(`${rule.kind} does not replace the handler`);
  }
}

function junk(value: FaultRule['value']): string {
  if (typeof value === 'number') return 'x'.repeat(value);
  if (value === 'wrong-types') return '[{"entries":"none","number":{"not":"a number"}}]';
  return '<!doctype html><title>Service</title><p>The service is being maintained.</p>';
}

/**
 * Plays the faults that come after the handler, when its effect is committed.
 *
 * @returns the text to send, or null when the answer never comes
 */
export async function faultsAfter(
  rules: readonly FaultRule[],
  reply: Reply,
  feedList: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  let body = reply.body;
  for (const rule of rules) {
    if (rule.kind === 'late-success') {
      await (rule.value === undefined ? never(signal) : sleep(Number(rule.value), signal));
      if (signal.aborted) return null;
    }
    if (feedList !== null && (rule.kind === 'duplicate' || rule.kind === 'reorder'))
      body = distort(body, feedList, rule);
  }
  const text = JSON.stringify(body);
  return rules.some((rule) => rule.kind === 'garbage') ? text.slice(0, Math.floor(text.length / 2)) : text;
}

function distort(body: unknown, feedList: string, rule: FaultRule): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const entries = (body as Record<string, unknown>)[feedList];
  if (!Array.isArray(entries)) throw new Error(`a feed answered without its list ${feedList}`);
  const distorted =
    rule.kind === 'reorder'
      ? entries.toReversed()
      : entries.flatMap((entry) => Array<unknown>(Number(rule.value ?? 2)).fill(entry));
  return { ...body, [feedList]: distorted };
}
