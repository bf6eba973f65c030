import { sleep } from '../../platform/clock.ts';

const QUERY =
  'query { products(first: 5) { nodes { title variants(first: 2) { nodes { sku price { amount { amount } } availability { status sellableQuantity } } } } } }';
const EVERY_MILLIS = 50;

/** Asks a running platform for a page of products at a steady rate until the signal aborts. @returns latencies in ms, sorted */
export async function storefrontLatencies(url: string, signal: AbortSignal): Promise<number[]> {
  const taken: number[] = [];
  const running: Promise<void>[] = [];
  while (!signal.aborted) {
    running.push(ask(url).then((millis) => void taken.push(millis)));
    await sleep(EVERY_MILLIS, signal);
  }
  await Promise.all(running);
  return taken.sort((a, b) => a - b);
}

async function ask(url: string): Promise<number> {
  const started = performance.now();
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' },
    body: JSON.stringify({ query: QUERY }),
  });
  const body = (await answer.json()) as { errors?: unknown };
  if (!answer.ok || body.errors)
    throw new Error(`the storefront answered ${answer.status}: ${JSON.stringify(body.errors)}`);
  return performance.now() - started;
}

export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
