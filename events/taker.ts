import type { EventType } from './contracts/index.ts';
import type { Consumption, StoredEvent } from './port.ts';

/** A group of readers as far as single events are handed to it, outside of its way through the log. */
export interface Taker {
  readonly group: string;
  readonly types: readonly EventType[];
  /** Handles one event of these types; like the group itself it must have one effect however often it comes. */
  take(event: StoredEvent, signal: AbortSignal): Promise<void>;
}

export function takerOf<Type extends EventType>(
  consumption: Pick<Consumption<Type>, 'group' | 'types' | 'handler'>,
): Taker {
  const { group, types, handler } = consumption;
  const isOurs = (event: StoredEvent): event is StoredEvent<Type> =>
    (types as readonly EventType[]).includes(event.type);
  return {
    group,
    types,
    async take(event, signal) {
      if (isOurs(event)) await handler(event, signal);
    },
  };
}
