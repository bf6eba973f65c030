import type { FormattedExecutionResult } from 'graphql';
import type { EventLog, StoredEvent } from '../../events/port.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { Coalesced } from './coalesced.ts';
import { formatFailure, liveError } from './live-error.ts';
import { LiveMessage } from './live-message.ts';
import type { StreamEnd } from './message-queue.ts';
import type { Ask, MessageBody, Watch } from './watched-field.ts';

/** Who watches, as the watch sees them. */
export interface Watcher {
  /** Whether live messages reach it at once; until then it holds events itself. */
  readonly isLive: boolean;
  /** Takes an event before it is executed. False when it wants the message as soon as there is one. */
  hold(event: StoredEvent): boolean;
  deliver(index: number, event: StoredEvent, message: LiveMessage): void;
  end(end: StreamEnd): void;
}

/** Events of one watch that are executed at the same time. */
const AT_ONCE = 16;
/** Events of one watch that wait for their execution. Beyond it, the subscribers are told to resume later. */
const MAX_WAITING = 1_000;
/** How long a message stays at hand for subscribers that are catching up, and how many of one watch. */
const KEEP_MILLIS = 2_000;
const KEEP_MESSAGES = 64;

/** Makes the client's result from the payload of the subscription field. */
export type RunMessage = (
  payload: Readonly<Record<string, unknown>>,
  traceId: string,
) => Promise<FormattedExecutionResult>;

export interface SharedWatchOptions {
  readonly watch: Watch;
  readonly run: RunMessage;
  readonly ask: Ask;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The present state as messages, and what it already contains. */
export interface PresentMessages {
  readonly messages: readonly LiveMessage[];
  /** Place in the history before the state was read: the state contains every event up to here, and maybe more. */
  readonly head: string;
  readonly versions: ReadonlyMap<string, number>;
}

interface Dispatched {
  readonly event: StoredEvent;
  /** Number of the event within this watch. */
  readonly index: number;
  message: LiveMessage | null;
}

/**
 * All subscribers who must receive the same messages: same contract, document, variables, rights and topic.
 * An event is executed once for all of them and delivered in the order of the log.
 */
export class SharedWatch {
  readonly watch: Watch;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #subscribers = new Set<Watcher>();
  readonly #present: Coalesced<PresentMessages>;
  readonly #permission: Coalesced<void>;
  readonly #kept = new Map<string, { readonly message: Promise<LiveMessage>; readonly at: number }>();
  /** By subject, the message that was begun last. */
  readonly #running = new Map<string, Promise<unknown>>();
  #run: RunMessage;
  #line: Dispatched[] = [];
  #started = 0;
  #dispatched = 0;

  constructor(options: SharedWatchOptions) {
    this.watch = options.watch;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#run = options.run;
    this.#present = new Coalesced(() => this.#readPresent(options.ask));
    this.#permission = new Coalesced(async () => options.watch.permit?.(options.ask));
  }

  get size(): number {
    return this.#subscribers.size;
  }

  /** Number that the next event will get. */
  get nextIndex(): number {
    return this.#dispatched;
  }

  join(subscriber: Watcher): void {
    this.#subscribers.add(subscriber);
  }

  leave(subscriber: Watcher): void {
    this.#subscribers.delete(subscriber);
  }

  /** @throws CommerceError when the subscriber may not watch this, or nobody can tell */
  permit(): Promise<void> {
    return this.#permission.run();
  }

  /** The present state, read after this call. @throws CommerceError */
  present(): Promise<PresentMessages> {
    return this.#present.run();
  }

  /** Executes with another supergraph from now on. What is under way ends with the one it began with. */
  rebind(run: RunMessage): void {
    this.#run = run;
    this.#kept.clear();
  }

  /** Takes the next event of the log. Synchronous: the order of calls is the order of delivery. */
  dispatch(event: StoredEvent): void {
    if (this.watch.change(event) === null) return;
    const index = this.#dispatched++;
    let live = false;
    for (const subscriber of this.#subscribers) live = !subscriber.hold(event) || live;
    if (!live) return;
    this.#line.push({ event, index, message: null });
    if (this.#line.length > MAX_WAITING) this.#giveUp();
    else this.#advance();
  }

  /** The message for an event of this watch. Executed once, however many subscribers ask within a short time. Never rejects. */
  message(event: StoredEvent): Promise<LiveMessage> {
    const now = this.#clock.now().getTime();
    for (const [sequence, kept] of this.#kept) {
      if (now - kept.at < KEEP_MILLIS && this.#kept.size < KEEP_MESSAGES) break;
      this.#kept.delete(sequence);
    }
    const kept = this.#kept.get(event.sequence);
    if (kept) return kept.message;
    const message = this.#execute(event);
    this.#kept.set(event.sequence, { message, at: now });
    return message;
  }

  /**
   * Events of one subject run one after the other: the entity is read anew for each, and must not be older in a later
   * message than in the one before.
   */
  #execute(event: StoredEvent): Promise<LiveMessage> {
    const { subject, sequence, occurredAt, traceId } = event;
    const before = this.#running.get(subject) ?? Promise.resolve();
    const message = before.then(async () => {
      const payload = { ...this.watch.change(event), sequence, occurredAt, snapshot: false };
      return new LiveMessage(await this.#runSafely(payload, traceId), sequence);
    });
    this.#running.set(subject, message);
    void message.then(() => {
      if (this.#running.get(subject) === message) this.#running.delete(subject);
    });
    return message;
  }

  async #readPresent(ask: Ask): Promise<PresentMessages> {
    if (!this.watch.present) throw new Error('this field has no present state');
    const head = await this.#log.head();
    const { bodies, versions } = await this.watch.present(ask);
    const occurredAt = this.#clock.now().toISOString();
    const payloads: MessageBody[] = bodies.map((body) => ({ ...body, sequence: head, occurredAt, snapshot: true }));
    const results = await Promise.all(payloads.map((payload) => this.#runSafely(payload, null)));
    // Only the last one carries a place to resume from: a client that lost the connection before it has not seen all of the state.
    const messages = results.map(
      (result, index) => new LiveMessage(result, index === results.length - 1 ? head : null),
    );
    return { messages, head, versions };
  }

  async #runSafely(payload: MessageBody, traceId: string | null): Promise<FormattedExecutionResult> {
    try {
      return await this.#run(payload, traceId ?? '');
    } catch (error) {
      return { errors: formatFailure(error, this.#logger, traceId ?? '') };
    }
  }

  #advance(): void {
    while (this.#started < Math.min(this.#line.length, AT_ONCE)) {
      const entry = this.#line[this.#started++] as Dispatched;
      void this.message(entry.event).then((message) => {
        entry.message = message;
        this.#deliverReady();
      });
    }
  }

  #deliverReady(): void {
    for (let entry = this.#line[0]; entry?.message; entry = this.#line[0]) {
      this.#line.shift();
      this.#started--;
      for (const subscriber of this.#subscribers) subscriber.deliver(entry.index, entry.event, entry.message);
    }
    this.#advance();
  }

  /** Ends every subscription of this watch. */
  endAll(end: StreamEnd): void {
    for (const subscriber of [...this.#subscribers]) subscriber.end(end);
  }

  #giveUp(): void {
    this.#line = [];
    this.#started = 0;
    const error = liveError('OVERLOADED', 'Changes come faster than they can be delivered. Resume with `after`.');
    for (const subscriber of [...this.#subscribers])
      if (subscriber.isLive) subscriber.end({ kind: 'failed', errors: [error] });
  }
}
