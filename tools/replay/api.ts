import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import { sleep } from '../../platform/clock.ts';

/** The gateway was reached but does not accept the request: a wrong key, or a document that its schema does not have. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused';
  /** As in `extensions.code`; null when it was not a GraphQL answer. */
  readonly code: string | null;

  constructor(code: string | null, message: string) {
    super(message);
    this.code = code;
  }
}

/** The gateway did not answer for as long as we were willing to wait. */
export class PlatformSilent extends Error {
  override readonly name = 'PlatformSilent';
}

/** Where the gateway is, and how patient to be with it. */
export interface ApiOptions {
  /** Where the gateway is, without a path. */
  readonly url: string;
  /** How long one request is repeated while the platform is away or busy, in milliseconds. */
  readonly patienceMillis: number;
  /** First pause before a repetition, in milliseconds; doubles up to {@link LONGEST_PAUSE_MILLIS}. */
  readonly pauseMillis: number;
}

/** The text of an operation, which may know the types of its answer and variables: those of `clients/` do. */
type Operation<Data, Variables> = DocumentTypeDecoration<Data, Variables> & { toString(): string };

/** Sends one operation until it is answered. Queries, and mutations with an idempotency key, may be repeated safely. */
export interface Api {
  /**
   * @param busy tells from the data that the request must be repeated, such as a key that is still in flight
   * @throws ApiRefused | PlatformSilent
   */
  send<Data, Variables = object>(
    key: string,
    operation: Operation<Data, Variables>,
    variables: Variables,
    busy?: (data: Data) => boolean,
  ): Promise<Data>;
  /** Resolves when the gateway answers queries. @throws PlatformSilent when it does not within the time given */
  ready(patienceMillis: number): Promise<void>;
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: {
      readonly code?: string;
      readonly retryable?: boolean;
      readonly retryAfterSeconds?: number;
    };
  }[];
}

type Attempt<Data> =
  | { readonly kind: 'answered'; readonly data: Data }
  | { readonly kind: 'again'; readonly why: string; readonly afterMillis?: number };

/** Longest wait for one answer, in milliseconds: longer than the gateway's own limit. */
const REQUEST_MILLIS = 45_000;
const LONGEST_PAUSE_MILLIS = 5_000;

/** The gateway over HTTP. A request that may succeed later is repeated with growing pauses. */
export function createApi({ url, patienceMillis, pauseMillis }: ApiOptions): Api {
  return {
    async send<Data, Variables = object>(
      key: string,
      operation: Operation<Data, Variables>,
      variables: Variables,
      busy = (_: Data) => false,
    ) {
      const request: RequestInit = {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key },
        body: JSON.stringify({ query: operation.toString(), variables }),
      };
      const deadline = performance.now() + patienceMillis;
      for (let pause = pauseMillis; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)) {
        const attempt = await attemptOnce<Data>(`${url}/graphql`, request, busy);
        if (attempt.kind === 'answered') return attempt.data;
        if (performance.now() > deadline) throw new PlatformSilent(attempt.why);
        // Spread out: eight requests that failed together should not come back together.
        await sleep(attempt.afterMillis ?? pause * (0.5 + Math.random() / 2));
      }
    },
    async ready(readyMillis) {
      const deadline = performance.now() + readyMillis;
      for (;;) {
        const why = await notReadyBecause(url);
        if (why === null) return;
        if (performance.now() > deadline) throw new PlatformSilent(why);
        await sleep(pauseMillis);
      }
    },
  };
}

async function attemptOnce<Data>(
  url: string,
  request: RequestInit,
  busy: (data: Data) => boolean,
): Promise<Attempt<Data>> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(REQUEST_MILLIS) });
    status = response.status;
    text = await response.text();
  } catch (error) {
    return { kind: 'again', why: reasonOf(error) };
  }
  const answer = readAnswer<Data>(text);
  const error = answer?.errors?.[0];
  if (error?.extensions?.retryable) {
    const seconds = error.extensions.retryAfterSeconds;
    return {
      kind: 'again',
      why: `${error.extensions.code}: ${error.message}`,
      ...(seconds === undefined ? {} : { afterMillis: seconds * 1000 }),
    };
  }
  if (error) throw new ApiRefused(error.extensions?.code ?? null, error.message);
  if (answer?.data == null) {
    if (status === 429 || status >= 500) return { kind: 'again', why: `HTTP ${status}` };
    throw new ApiRefused(null, `HTTP ${status}: ${text.slice(0, 200)}`);
  }
  return busy(answer.data)
    ? { kind: 'again', why: 'the same request is still running' }
    : { kind: 'answered', data: answer.data };
}

function readAnswer<Data>(text: string): Answer<Data> | null {
  try {
    return JSON.parse(text) as Answer<Data>;
  } catch {
    return null;
  }
}

async function notReadyBecause(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(REQUEST_MILLIS) });
    await response.body?.cancel();
    return response.ok ? null : `HTTP ${response.status}`;
  } catch (error) {
    return reasonOf(error);
  }
}

/** fetch says "fetch failed"; what failed is in its cause, or in the causes of that for a name with two addresses. */
function reasonOf(error: unknown): string {
  const { message, code, cause, errors } = error as {
    message?: string;
    code?: string;
    cause?: unknown;
    errors?: unknown;
  };
  const deeper = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  return deeper === undefined ? message || code || String(error) : reasonOf(deeper);
}
