import { randomBytes } from 'node:crypto';
import { createGathered } from '../gathered.ts';
import { createListeners } from '../listeners.ts';
import type { FanOut } from '../port.ts';
import type { PostgresSession } from './postgres-session.ts';

const CHANNEL = 'commerce_wake_up';
/** PostgreSQL refuses a payload of 8,000 bytes or more. */
const MAX_PAYLOAD_BYTES = 7_500;
/** Occurs in no topic: topics are made of event types and ids. */
const SEPARATOR = '\n';
/** NOTIFY takes a lock over all commits of the server: a few hundred messages a second, whatever the number of commits. */
const PAUSE_MILLIS = 5;

/** Wakes the processes that share a database through NOTIFY, outside of every business transaction. */
export function postgresFanOut(session: PostgresSession): FanOut {
  const me = randomBytes(6).toString('hex');
  const listeners = createListeners();
  const others = createGathered(async (topics) => {
    for (const payload of payloads(me, topics)) await session.query('select pg_notify($1, $2)', [CHANNEL, payload]);
  }, PAUSE_MILLIS);
  session.onConnected(() => void session.query(`listen ${CHANNEL}`).catch(() => undefined));
  session.onNotification((channel, payload) => {
    if (channel !== CHANNEL) return;
    const [sender, ...topics] = payload.split(SEPARATOR);
    if (sender !== me) listeners.notify(topics);
  });
  return {
    describe: () => 'postgres notify',
    publish(topics) {
      listeners.notify(topics);
      others.add(topics);
    },
    subscribe: (listener) => listeners.add(listener),
    async close() {
      listeners.clear();
      others.close();
    },
  };
}

/** The topics in as few messages as fit, each with its sender. */
function payloads(sender: string, topics: readonly string[]): string[] {
  const messages: string[] = [];
  let message = sender;
  for (const topic of topics) {
    const longer = message + SEPARATOR + topic;
    if (Buffer.byteLength(longer) <= MAX_PAYLOAD_BYTES) {
      message = longer;
      continue;
    }
    if (message !== sender) messages.push(message);
    // A topic that fits in no message is a wake-up lost, which a wake-up may be.
    message = Buffer.byteLength(sender + SEPARATOR + topic) <= MAX_PAYLOAD_BYTES ? sender + SEPARATOR + topic : sender;
  }
  if (message !== sender) messages.push(message);
  return messages;
}
