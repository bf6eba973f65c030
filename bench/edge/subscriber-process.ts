import { request } from 'node:http';
import { WebSocket } from 'ws';

/** What the bench asks of a process of subscribers. */
export type Order =
  | 'connect'
  | 'close'
  /** Tell what came. */
  | 'take'
  /** Stop reading. */
  | 'stall';

/** What it is told: how many are connected, and since the last time who was refused and what came. */
export interface Told {
  readonly open: number;
  /** How often a subscriber had to come again, by what it was told. */
  readonly refused: Readonly<Record<string, number>>;
  /** Milliseconds from the commit of an event to each subscriber. */
  readonly millis: readonly number[];
}

const { URL: url = '', KEY: key = '', SKU: sku = '', COUNT: count = '0', KIND: kind = 'sse', LONG = '' } = process.env;
/** Of a long message 20 kB are names: what the network holds for a reader is full soon. */
const fields = LONG
  ? Array.from({ length: 10 }, (_, index) => `${'n'.repeat(2_000)}${index}: snapshot`).join(' ')
  : 'variant { availability { sellableQuantity } }';
const QUERY = `subscription ($skus: [String!]!) { inventoryChanged(skus: $skus) { sequence occurredAt snapshot ${fields} } }`;
/** Connections that are opened at the same time. */
const AT_ONCE = 50;
const payload = { query: QUERY, variables: { skus: [sku] } };

interface Open {
  close(): void;
  stall(): void;
}

let open: Open[] = [];
let millis: number[] = [];
let refused: Record<string, number> = {};

/** Notes when a message came. The first one of each subscriber is the present state, which nobody sent. */
function hear(text: string): void {
  const now = Date.now();
  const found = /"occurredAt":"([^"]+)","snapshot":false/.exec(text);
  if (found?.[1]) millis.push(now - Date.parse(found[1]));
}

function connectSse(): Promise<Open> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', 'x-api-key': key };
    const sent = request(`${url}/graphql`, { method: 'POST', headers, agent: false }, (answer) => {
      if (answer.statusCode !== 200) {
        sent.destroy();
        reject(new Error(`HTTP ${answer.statusCode}`));
        return;
      }
      let isFirst = true;
      answer.setEncoding('utf8').on('data', (text: string) => {
        if (isFirst) resolve({ close: () => sent.destroy(), stall: () => answer.pause() });
        isFirst = false;
        hear(text);
      });
      answer.on('error', () => undefined);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(payload));
  });
}

function connectSocket(): Promise<Open> {
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
      if (type === 'error') reject(new Error(/"code":"(\w+)"/.exec(text)?.[1] ?? 'error'));
      if (type !== 'next') return;
      if (isFirst) resolve({ close: () => socket.close(), stall: () => socket.pause() });
      isFirst = false;
      hear(text);
    });
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
  });
}

/** Who is told to come later does. */
async function connect(): Promise<void> {
  const opening = async () => {
    for (;;) {
      try {
        open.push(await (kind === 'sse' ? connectSse() : connectSocket()));
        return;
      } catch (error) {
        const reason = String((error as NodeJS.ErrnoException).code ?? (error as Error).message);
        refused[reason] = (refused[reason] ?? 0) + 1;
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
  if (order === 'stall') for (const each of open) each.stall();
  process.send?.({ open: open.length, refused, millis } satisfies Told);
  millis = [];
  refused = {};
}

process.on('message', (order: Order) => void follow(order));
