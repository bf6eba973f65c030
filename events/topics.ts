import type { EventType } from './contracts/index.ts';
import type { StoredEvent } from './port.ts';

/** Topic of the events of one type about one subject. */
export function subjectTopic(type: EventType, subject: string): string {
  return `${type}:${subject}`;
}

/** Topic of everything that concerns an order, whoever wrote it. */
export function orderTopic(orderId: string): string {
  return `order:${orderId}`;
}

/** Topic of everything on a sales channel. */
export function channelTopic(channelCode: string): string {
  return `channel:${channelCode}`;
}

/** Topic of all events of one type. */
export function typeTopic(type: EventType): string {
  return `type:${type}`;
}

/** Every topic of an event. */
export function topicsOf(event: StoredEvent): readonly string[] {
  const topics = [subjectTopic(event.type, event.subject), typeTopic(event.type)];
  const orderId = orderIdOf(event);
  if (orderId !== null) topics.push(orderTopic(orderId));
  if (event.channelCode !== null) topics.push(channelTopic(event.channelCode));
  return topics;
}

/** The order an event concerns. Null when it concerns none. */
function orderIdOf(event: StoredEvent): string | null {
  return 'orderId' in event.data && typeof event.data.orderId === 'string' ? event.data.orderId : null;
}

/** Topics by what has to be compared to find their events. */
interface SortedTopics {
  readonly subjects: readonly { readonly type: string; readonly subject: string }[];
  readonly orders: readonly string[];
  readonly channels: readonly string[];
  readonly types: readonly string[];
}

/**
 * Takes topics apart again. Ids may contain colons: only the first one divides.
 *
 * @throws Error on a text that no function of this file made
 */
export function sortTopics(topics: readonly string[]): SortedTopics {
  const subjects: { type: string; subject: string }[] = [];
  const orders: string[] = [];
  const channels: string[] = [];
  const types: string[] = [];
  for (const topic of new Set(topics)) {
    const colon = topic.indexOf(':');
    if (colon < 1) throw new Error(`not a topic: ${topic}`);
    const kind = topic.slice(0, colon);
    const key = topic.slice(colon + 1);
    if (kind === 'order') orders.push(key);
    else if (kind === 'channel') channels.push(key);
    else if (kind === 'type') types.push(key);
    else subjects.push({ type: kind, subject: key });
  }
  return { subjects, orders, channels, types };
}
