import { WebSocket } from 'ws';
import type { LiveServer } from '../helpers/live-server.ts';

/** What came back, from whichever transport. */
export interface Told {
  /** HTTP status; null over a WebSocket. */
  readonly status: number | null;
  /** `extensions` of the first error. */
  readonly error: Readonly<Record<string, unknown>> | null;
  /** Everything, as text. */
  readonly text: string;
}

export type Send = (server: LiveServer, parameters: Readonly<Record<string, unknown>>, key?: string) => Promise<Told>;

/** One client for each way to send an operation. */
export const transports: Readonly<Record<string, Send>> = {
  JSON: byHttp('application/json;q=0.5, application/graphql-response+json'),
  SSE: byHttp('text/event-stream'),
  multipart: byHttp('multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json;q=0.9'),
  WebSocket: bySocket,
};

/** The same by GET, for what may come so: no mutations. */
export const getTransports: Readonly<Record<string, Send>> = {
  'JSON by GET': byHttp('application/json;q=0.5, application/graphql-response+json', 'GET'),
  'SSE by GET': byHttp('text/event-stream', 'GET'),
};

function byHttp(accept: string, method: 'GET' | 'POST' = 'POST'): Send {
  return async (server, parameters, key = 'dev-storefront') => {
    const headers = { 'content-type': 'application/json', accept, 'x-api-key': key };
    const response =
      method === 'POST'
        ? await fetch(server.url, { method, headers, body: JSON.stringify(parameters) })
        : await fetch(`${server.url}?${search(parameters)}`, { headers });
    const text = await firstAnswer(response);
    return { status: response.status, error: extensionsIn(text), text };
  };
}

function search(parameters: Readonly<Record<string, unknown>>): URLSearchParams {
  const found = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return new URLSearchParams(found);
}

/** The whole answer; of a subscription, which goes on, up to its first message. */
async function firstAnswer(response: Response): Promise<string> {
  if (!/event-stream|multipart/.test(response.headers.get('content-type') ?? '')) return response.text();
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (/"data":\{.*\}|"errors":\[.*\]/.test(text)) break;
  }
  return text;
}

async function bySocket(
  server: LiveServer,
  parameters: Readonly<Record<string, unknown>>,
  key = 'dev-storefront',
): Promise<Told> {
  // Without a document and without a hash graphql-ws ends the connection, which is not what is tested.
  const operation = /documentId|persistedQuery/.test(
    Object.keys({ ...parameters, ...(parameters.extensions as object) }).join(),
  )
    ? parameters
    : { query: '', ...parameters };
  const socket = new WebSocket(server.socketUrl, 'graphql-transport-ws');
  try {
    return await new Promise<Told>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', (code) => resolve({ status: null, error: null, text: `closed with ${code}` }));
      socket.once('open', () =>
        socket.send(JSON.stringify({ type: 'connection_init', payload: { 'x-api-key': key } })),
      );
      socket.on('message', (data) => {
        const text = String(data);
        const { type } = JSON.parse(text) as { type: string };
        if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: operation }));
        else resolve({ status: null, error: extensionsIn(text), text });
      });
    });
  } finally {
    socket.terminate();
  }
}

/** The first `extensions` of an error in JSON, wherever it stands in the text. */
function extensionsIn(text: string): Readonly<Record<string, unknown>> | null {
  const [, json] = /"extensions":(\{"code"(?:[^{}]|\{[^{}]*\})*\})/.exec(text) ?? [];
  return json === undefined ? null : (JSON.parse(json) as Record<string, unknown>);
}
