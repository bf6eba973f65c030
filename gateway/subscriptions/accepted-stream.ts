/** Ways of answering one HTTP request with many results. */
export type StreamKind = 'sse' | 'multipart';

/** What an `accept` header allows. */
export interface Accepted {
  /** The stream to answer with. Null: the client takes none. */
  readonly stream: StreamKind | null;
  /** Whether the client would also take a plain JSON answer. */
  readonly json: boolean;
}

/**
 * Reads an `accept` header. A wildcard is no consent to a stream: a client that did not ask for one would wait for the
 * end of the answer and never see it.
 */
export function readAccept(header: string | undefined): Accepted {
  let stream: { kind: StreamKind; weight: number } | null = null;
  let json = header === undefined;
  for (const range of splitList(header ?? '')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (!(weight > 0)) continue;
    if (/^(\*|application)\/(\*|json|graphql-response\+json)$/.test(type)) json = true;
    const kind = streamOf(type, parameters);
    if (kind && weight > (stream?.weight ?? 0)) stream = { kind, weight };
  }
  return { stream: stream?.kind ?? null, json };
}

function streamOf(type: string, parameters: readonly string[]): StreamKind | null {
  if (type === 'text/event-stream') return 'sse';
  const isApollo = parameters.some((parameter) => /^subscriptionspec="?1\.0"?$/.test(parameter));
  return type === 'multipart/mixed' && isApollo ? 'multipart' : null;
}

/** Splits at commas, except inside quotes: `boundary="a,b"`. */
function splitList(header: string): string[] {
  return header.match(/(?:"[^"]*"|[^,"])+/g) ?? [];
}
