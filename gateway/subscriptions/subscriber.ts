import type { EventLog, StoredEvent } from '../../events/port.ts';
import { sealError } from '../client-errors.ts';
import { liveError } from './live-error.ts';
import type { LiveMessage } from './live-message.ts';
import { MessageQueue, type StreamEnd } from './message-queue.ts';
import { checkSequence } from './sequence.ts';
import type { SharedWatch } from './shared-watch.ts';

/** Events read from the history at once. */
const PAGE = 200;
/** Events executed ahead of the one being delivered while catching up. */
const AHEAD = 8;

export interface SubscriberLimits {
  /** Messages that wait for a reader. One more and the reader is disconnected. */
  readonly queueMessages: number;
  /** How long a reader that is catching up may take nothing before it is disconnected. */
  readonly patienceMillis: number;
}

/**
 * One subscription of one client: from the present state or from a place in the history to the live events, without a gap.
 *
 * Live events are held from the moment it joins the watch. They are released when state or history was delivered,
 * without those that these already contained; when none is left, the subscriber is live and takes what the watch delivers.
 */
export class Subscriber {
  readonly queue: MessageQueue;
  readonly #watch: SharedWatch;
  readonly #log: EventLog;
  readonly #limits: SubscriberLimits;
  readonly #report: (error: unknown) => StreamEnd;
  readonly #traceId: string;
  /** Null once live. */
  #held: StoredEvent[] | null = [];
  /** True when more live events came than can be held: some were thrown away and have to be read from the history. */
  #behind = false;
  /** Everything up to here was delivered or is contained in the state. Null: nothing is. */
  #covered: string | null = null;
  #versions: ReadonlyMap<string, number> = new Map();
  #liveFrom = Number.POSITIVE_INFINITY;

  /**
   * @param report what its client is told about a failure
   * @param traceId of the request that subscribed
   */
  constructor(
    watch: SharedWatch,
    log: EventLog,
    limits: SubscriberLimits,
    report: (error: unknown) => StreamEnd,
    traceId: string,
  ) {
    this.#watch = watch;
    this.#log = log;
    this.#limits = limits;
    this.#report = report;
    this.#traceId = traceId;
    this.queue = new MessageQueue(limits.queueMessages);
    watch.join(this);
    void this.queue.ended.then(() => watch.leave(this));
  }

  get isLive(): boolean {
    return this.#held === null;
  }

  end(end: StreamEnd): void {
    const errors = end.kind === 'failed' ? end.errors.map((error) => sealError(error, this.#traceId)) : [];
    this.queue.end(end.kind === 'failed' ? { ...end, errors } : end);
  }

  /**
   * Starts delivery.
   * @param after place in the history to continue from; null starts with the present state, or with the next change
   * @throws CommerceError NOT_FOUND | REPLAY_EXPIRED | BAD_USER_INPUT, before anything was delivered
   */
  async start(after: string | null): Promise<void> {
    try {
      if (after !== null) {
        await checkSequence(after, this.#log);
        await this.#watch.permit();
        this.#covered = after;
        void this.#catchUp(await this.#readPage());
      } else if (this.#watch.watch.present) {
        const present = await this.#watch.present();
        this.#covered = present.head;
        this.#versions = present.versions;
        for (const message of present.messages) this.#push(message);
        void this.#catchUp(null);
      } else {
        this.#goLive();
      }
    } catch (error) {
      this.queue.end({ kind: 'completed' });
      throw error;
    }
  }

  /** Takes a live event for later. @returns false when the subscriber is live and holds nothing */
  hold(event: StoredEvent): boolean {
    if (this.#held === null) return false;
    if (this.#held.length >= this.#limits.queueMessages) {
      this.#held = [];
      this.#behind = true;
    }
    this.#held.push(event);
    return true;
  }

  /** Takes the message of a live event. @param index the event's number within the watch */
  deliver(index: number, event: StoredEvent, message: LiveMessage): void {
    if (index < this.#liveFrom || !this.#isNew(event)) return;
    this.#covered = event.sequence;
    this.#push(message);
  }

  async #catchUp(firstPage: readonly StoredEvent[] | null): Promise<void> {
    try {
      let page = firstPage;
      while (!this.queue.isEnded) {
        if (page) {
          await this.#replay(page);
          this.#covered = page.at(-1)?.sequence ?? this.#covered;
          page = page.length === PAGE ? await this.#readPage() : null;
        } else if (this.#behind) {
          this.#behind = false; // before reading: what is thrown away from now on needs another read
          page = await this.#readPage();
        } else if (this.#held !== null && this.#held.length > 0) {
          await this.#replay(this.#held.splice(0));
        } else {
          return this.#goLive();
        }
      }
    } catch (error) {
      this.queue.end(this.#report(error));
    }
  }

  async #readPage(): Promise<readonly StoredEvent[]> {
    if (this.#covered === null) throw new Error('there is no place in the history to read from');
    return this.#log.readByTopics(this.#watch.watch.topics, this.#covered, PAGE);
  }

  /** Delivers past or held events in order, at the reader's pace. */
  async #replay(events: readonly StoredEvent[]): Promise<void> {
    const running: { event: StoredEvent; message: Promise<LiveMessage> }[] = [];
    const wanted = events.filter((event) => this.#isNew(event) && this.#watch.watch.change(event) !== null);
    for (let next = 0; next < wanted.length || running.length > 0; ) {
      while (next < wanted.length && running.length < AHEAD) {
        const event = wanted[next++] as StoredEvent;
        running.push({ event, message: this.#watch.message(event) });
      }
      const { event, message } = running.shift() as (typeof running)[number];
      const ready = await message;
      if (!(await this.queue.room(this.#limits.patienceMillis))) return this.#tooSlow();
      if (this.queue.isEnded) return;
      this.#covered = event.sequence;
      this.#push(ready);
    }
  }

  #goLive(): void {
    this.#held = null;
    this.#liveFrom = this.#watch.nextIndex;
  }

  #isNew(event: StoredEvent): boolean {
    const contained = this.#versions.get(event.subject);
    return (contained === undefined || event.version > contained) && this.#isAfterCovered(event);
  }

  #isAfterCovered(event: StoredEvent): boolean {
    return this.#covered === null || this.#log.compare(event.sequence, this.#covered) > 0;
  }

  #push(message: LiveMessage): void {
    if (!this.queue.push(message)) this.#tooSlow();
  }

  #tooSlow(): void {
    const error = liveError(
      'SLOW_SUBSCRIBER',
      'Messages were not read fast enough. Subscribe again with `after` to continue.',
    );
    this.end({ kind: 'failed', errors: [error] });
  }
}
