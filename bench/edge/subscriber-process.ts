import { request } from 'node:http';
import { WebSocket } from 'ws';

/** What the bench asks of a process of subscribers. */
export type Order = 'connect' | 'close' | 'take';

/** What it is told: how many are connected, or the milliseconds from the commit of an event to each subscriber. */
export interface Told {
  readonly open: number;
  readonly millis: readonly number[];
}

const { URL: url = '', KEY: key = '', SKU: sku = '', COUNT: count = '0', KIND: kind = 'sse' } = process.env;
const QUERY =
  'subscription ($skus: [String!]!) { inventoryChanged(skus: $skus) { sequence occurredAt snapshot variant { availability { sellableQuantity } } } }';
/** Connections that are opened at the same time. */
const AT_ONCE = 50;
const payload = { query: QUERY, variables: { skus: [sku] } };

let open: { close(): void }[] = [];
let millis: number[] = [];

/** Notes when a message came. The first one of each subscriber is the present state, which nobody sent. */
function hear(text: string): void {
  const now = Date.now();
  const found = /"occurredAt":"([^"]+)","snapshot":false/.exec(text);
  if (found?.[1]) millis.push(now - Date.parse(found[1]));
}

function connectSse(): Promise<{ close(): void }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', 'x-api-key': key };
    const sent = request(`${url}/graphql`, { method: 'POST', headers, agent: false }, (answer) => {
      if (answer.statusCode !== 200) {
        sent.destroy();
        reject(new Error(`status ${answer.statusCode}`));
        return;
      }
      let isFirst = true;
      answer.setEncoding('utf8').on('data', (text: string) => {
        if (isFirst) resolve({ close: () => sent.destroy() });
        isFirst = false;
        hear(text);
      });
      answer.on('error', () => undefined);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(payload));
  });
}

function connectSocket(): Promise<{ close(): void }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      perMessageDeflate: false,
    });
    let isFirst = true;
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { 'x-api-key': key } })));
    socket.on('message', (data) => {
      const text = String(data);
      const { type } = JSON.parse(text) as { type: string };
      if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
      if (type === 'error') reject(new Error(text));
      if (type !== 'next') return;
      if (isFirst) resolve({ close: () => socket.close() });
      isFirst = false;
      hear(text);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
  });
}

/** Who is told to come later does. */
async function connect(): Promise<void> {
  const opening = async () => {
    for (;;) {
      try {
        open.push(await (kind === 'sse' ? connectSse() : connectSocket()));
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 800));
      }
    }
  };
  let left = Number(count);
  const lane = async () => {
    while (left-- > 0) await opening();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function follow(order: Order): Promise<void> {
  if (order === 'connect') await connect();
  if (order === 'close') {
    for (const each of open) each.close();
    open = [];
  }
  process.send?.({ open: open.length, millis } satisfies Told);
  millis = [];
}

process.on('message', (order: Order) => void follow(order));
