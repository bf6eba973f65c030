import type { EventLog } from '../../events/port.ts';
import type { Tail } from '../../events/tail.ts';
import type { Caller } from '../../platform/caller.ts';
import type { Clock } from '../../platform/clock.ts';
import { CommerceError } from '../../platform/errors.ts';
import { canonicalJson } from '../../platform/idempotency/canonical-json.ts';
import type { Logger } from '../../platform/logger.ts';
import { noLongerServed } from '../http/former-version.ts';
import type { GatewayRuntime } from '../runtime.ts';
import { type ContractSnapshot, EVENT_SERVICE } from '../snapshot.ts';
import { eventSource } from './event-source.ts';
import type { SubscriptionLimits } from './limits.ts';
import { formatFailure, liveError } from './live-error.ts';
import { type BoundArguments, type PreparedSubscription, prepareSubscription } from './prepared-subscription.ts';
import type { RequestDocument } from './request-document.ts';
import { type RunMessage, SharedWatch } from './shared-watch.ts';
import { Subscriber } from './subscriber.ts';
import { watchedFields } from './watched/index.ts';
import { askWholeGraph } from './whole-graph.ts';

export interface HubOptions {
  readonly runtime: GatewayRuntime;
  readonly log: EventLog;
  readonly tail: Tail;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: SubscriptionLimits;
}

export interface SubscribeRequest {
  readonly contract: ContractSnapshot;
  readonly caller: Caller;
  readonly request: RequestDocument;
  /** The header `Last-Event-ID`: what the client saw last, so it counts more than the argument `after` it began with. */
  readonly lastEventId: string | null;
}

/** Client id under which shared executions run. */
const SHARED_CLIENT = 'subscriptions';

interface Group {
  readonly key: string;
  readonly shared: SharedWatch;
  readonly request: RequestDocument;
  readonly caller: Caller;
  readonly bound: BoundArguments;
  readonly contractPath: string;
  readonly abort: AbortController;
  readonly detach: () => void;
}

/** Every subscription of this process, whichever transport it came through. */
export class SubscriptionHub {
  readonly #options: HubOptions;
  readonly #groups = new Map<string, Group>();
  readonly #perClient = new Map<string, number>();
  readonly #subscribers = new Set<Subscriber>();
  readonly #stopListening: () => void;
  #stopped = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#stopListening = options.runtime.onSwap(() => this.#rebindAll());
  }

  /** Subscriptions and shared executions right now, for health and metrics. */
  get counts(): { readonly subscribers: number; readonly groups: number } {
    return { subscribers: this.#subscribers.size, groups: this.#groups.size };
  }

  /**
   * Starts a subscription. Its messages are in the subscriber's queue; end it with `queue.return()`.
   * @throws RequestRefused when the request is not valid for the contract
   * @throws CommerceError NOT_FOUND | REPLAY_EXPIRED | BAD_USER_INPUT | FORBIDDEN | OVERLOADED
   */
  async subscribe({ contract, caller, request, lastEventId }: SubscribeRequest): Promise<Subscriber> {
    if (this.#stopped) throw new CommerceError('OVERLOADED', 'This process is stopping. Subscribe again.');
    const prepared = prepareSubscription(contract, request);
    contract.admit(prepared.plan, caller, request.text);
    const bound = prepared.bind(request.variables);
    const release = this.#admit(caller.clientId);
    try {
      const subscriber = this.#join(this.#groupOf(prepared, bound, request, caller), caller.traceId);
      void subscriber.queue.ended.then(release);
      await subscriber.start(lastEventId ?? bound.after);
      return subscriber;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Interrupts every subscription so that clients reconnect, here or at another process. */
  stop(): void {
    this.#stopped = true;
    this.#stopListening();
    for (const subscriber of this.#subscribers) subscriber.end({ kind: 'interrupted' });
  }

  #admit(clientId: string): () => void {
    const { perClient } = this.#options.limits;
    const count = this.#perClient.get(clientId) ?? 0;
    if (count >= perClient) {
      throw new CommerceError('OVERLOADED', `A credential may hold ${perClient} subscriptions at the same time.`);
    }
    this.#perClient.set(clientId, count + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const left = (this.#perClient.get(clientId) ?? 1) - 1;
      if (left > 0) this.#perClient.set(clientId, left);
      else this.#perClient.delete(clientId);
    };
  }

  #join(group: Group, traceId: string): Subscriber {
    const { log, limits, logger } = this.#options;
    const report = (error: unknown) => ({ kind: 'failed' as const, errors: formatFailure(error, logger, traceId) });
    const subscriber = new Subscriber(group.shared, log, limits, report, traceId);
    this.#subscribers.add(subscriber);
    void subscriber.queue.ended.then(() => {
      this.#subscribers.delete(subscriber);
      if (group.shared.size > 0) return;
      group.detach();
      group.abort.abort();
      this.#groups.delete(group.key);
    });
    return subscriber;
  }

  #groupOf(prepared: PreparedSubscription, bound: BoundArguments, request: RequestDocument, subscriber: Caller): Group {
    const { runtime, log, tail, clock, logger } = this.#options;
    const contractPath = prepared.contract.path;
    const { channel, customerId, scopes } = subscriber;
    const rights = { channel, customerId, scopes: [...scopes].sort() };
    const key = canonicalJson([contractPath, prepared.operationName, prepared.text, bound.variables, rights]);
    const known = this.#groups.get(key);
    if (known) return known;

    const watched = watchedFields.get(prepared.field);
    if (!watched) throw new CommerceError('CAPABILITY_MISSING', `This gateway does not deliver ${prepared.field} yet.`);
    // What runs for many is run in nobody's name: rights and trace, but no client.
    const caller: Caller = { ...subscriber, ...rights, clientId: SHARED_CLIENT };
    const abort = new AbortController();
    const shared = new SharedWatch({
      watch: watched.watch(bound.args, caller),
      run: this.#runner(prepared, bound, caller, abort.signal),
      ask: (query, variables) =>
        askWholeGraph(runtime, query, { variables, caller, signal: this.#deadline(abort.signal) }),
      log,
      clock,
      logger,
    });
    const lost = liveError('REPLAY_EXPIRED', 'The event history was replaced. Subscribe without `after`.');
    const detach = tail.attach(
      shared.watch.topics,
      // A version that ends while somebody watches: not one message after its day.
      (event) => (runtime.snapshotFor(contractPath) ? shared.dispatch(event) : this.#endExpired(group)),
      () => shared.endAll({ kind: 'failed', errors: [lost] }),
    );
    const group = { key, shared, request, bound, caller, contractPath, abort, detach };
    this.#groups.set(key, group);
    return group;
  }

  #runner(prepared: PreparedSubscription, bound: BoundArguments, caller: Caller, abort: AbortSignal): RunMessage {
    const { contract, plan, field, operationName } = prepared;
    return (payload, traceId) =>
      contract.executeWith(plan, {
        operationName,
        variables: bound.variables,
        caller: { ...caller, traceId: traceId ?? caller.traceId },
        signal: this.#deadline(abort),
        services: { [EVENT_SERVICE]: eventSource(field, payload) },
      });
  }

  #endExpired({ shared, contractPath, caller }: Group): void {
    const error = noLongerServed(this.#options.runtime, contractPath);
    shared.endAll({ kind: 'failed', errors: formatFailure(error, this.#options.logger, caller.traceId) });
  }

  #deadline(abort: AbortSignal): AbortSignal {
    return AbortSignal.any([abort, AbortSignal.timeout(this.#options.limits.executionMillis)]);
  }

  /** Validates and plans again against the supergraph just loaded. Streams stay open; those that no longer fit are told why. */
  #rebindAll(): void {
    for (const group of this.#groups.values()) {
      try {
        const contract = this.#options.runtime.snapshotFor(group.contractPath);
        if (!contract) throw noLongerServed(this.#options.runtime, group.contractPath);
        const prepared = prepareSubscription(contract, group.request);
        contract.assertMayStart(prepared.plan, group.caller);
        group.shared.rebind(this.#runner(prepared, group.bound, group.caller, group.abort.signal));
      } catch (error) {
        group.shared.endAll({
          kind: 'failed',
          errors: formatFailure(error, this.#options.logger, group.caller.traceId),
        });
      }
    }
  }
}
