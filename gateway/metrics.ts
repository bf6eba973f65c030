import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ExecutionObserver } from '../platform/admission/execution-gate.ts';
import type { CacheOutcome } from './caching/cached-fetch.ts';
import type { ObserveExecution } from './execution/execute-plan.ts';
import type { GuardRefusal } from './guards/request-guard.ts';

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Numbers about the gateway for Prometheus. Labels are names of ours only: nothing that a client chose or a person owns. */
export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #requests: Counter<'contract' | 'status'>;
  readonly #requestSeconds: Histogram<'contract'>;
  readonly #subgraphSeconds: Histogram<'subgraph' | 'outcome'>;
  readonly #reloads: Counter<'outcome'>;
  readonly #supergraph: Gauge<'id'>;
  readonly #isBehind: Gauge;
  readonly #refusals: Counter<'contract' | 'code' | 'limit'>;
  readonly #usageDropped: Counter;
  readonly #executions: Gauge<'kind' | 'state'>;
  readonly #overloaded: Counter<'kind'>;
  readonly #cached: Counter<'subgraph' | 'outcome'>;
  readonly #plans: Counter<'executor' | 'reason'>;

  /** @param ofProcess also memory, CPU and event loop: once in a process */
  constructor(options: { ofProcess: boolean }) {
    const registers = [this.registry];
    if (options.ofProcess) collectDefaultMetrics({ register: this.registry });
    this.#requests = new Counter({
      name: 'gateway_requests_total',
      help: 'Requests to the GraphQL endpoint by contract and HTTP status; contract is "none" when it was refused before.',
      labelNames: ['contract', 'status'],
      registers,
    });
    this.#requestSeconds = new Histogram({
      name: 'gateway_request_duration_seconds',
      help: 'Time from the head of a request to the end of its answer; a subscription counts as long as it lives.',
      labelNames: ['contract'],
      buckets: SECONDS,
      registers,
    });
    this.#subgraphSeconds = new Histogram({
      name: 'gateway_subgraph_duration_seconds',
      help: 'Time that a subgraph took; outcome is "ok" or the code of the failure.',
      labelNames: ['subgraph', 'outcome'],
      buckets: SECONDS,
      registers,
    });
    this.#reloads = new Counter({
      name: 'gateway_supergraph_reloads_total',
      help: 'Supergraphs handed in after the first, by what happened to them.',
      labelNames: ['outcome'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'gateway_guard_refusals_total',
      help: 'Requests that the guards refused, over any transport, by code and, for LIMIT_EXCEEDED, the limit.',
      labelNames: ['contract', 'code', 'limit'],
      registers,
    });
    this.#executions = new Gauge({
      name: 'gateway_executions',
      help: 'Operations that wait for their turn, and that are executed.',
      labelNames: ['kind', 'state'],
      registers,
    });
    this.#overloaded = new Counter({
      name: 'gateway_overloaded_total',
      help: 'Operations that were refused because too many waited for their turn.',
      labelNames: ['kind'],
      registers,
    });
    this.#cached = new Counter({
      name: 'gateway_cache_total',
      help: 'Answers and entities that may be kept: "hit" was kept, "miss" was asked for, "stale" stood in for a subgraph that failed.',
      labelNames: ['subgraph', 'outcome'],
      registers,
    });
    this.#plans = new Counter({
      name: 'gateway_plans_total',
      help: 'Operations by what executed them: compiled plans, or @apollo/gateway with the reason; "irregular_data" was shaped by it.',
      labelNames: ['executor', 'reason'],
      registers,
    });
    this.#supergraph = new Gauge({
      name: 'gateway_supergraph',
      help: 'Always 1; the label tells which supergraph is served.',
      labelNames: ['id'],
      registers,
    });
    this.#usageDropped = new Counter({
      name: 'gateway_usage_dropped_total',
      help: 'Uses that were not counted because too many different ones came between two writes.',
      registers,
    });
    this.#isBehind = new Gauge({
      name: 'gateway_publication_rejected',
      help: '1 while the newest publication of the registry was rejected and the one before it is served. Alert on it.',
      registers,
    });
  }

  observeRequest(contract: string | null, status: number, seconds: number): void {
    const label = contract ?? 'none';
    this.#requests.inc({ contract: label, status: String(status) });
    this.#requestSeconds.observe({ contract: label }, seconds);
  }

  observeSubgraph(subgraph: string, outcome: string, seconds: number): void {
    this.#subgraphSeconds.observe({ subgraph, outcome }, seconds);
  }

  observeReload(outcome: string, isCurrent: boolean): void {
    this.#reloads.inc({ outcome });
    this.#isBehind.set(isCurrent ? 0 : 1);
  }

  observeRefusal({ contract, code, limit }: GuardRefusal): void {
    this.#refusals.inc({ contract, code, limit: limit ?? '' });
  }

  /** For the gate of executions. */
  readonly executions: ExecutionObserver = {
    waits: (kind, change) => this.#executions.inc({ kind, state: 'waiting' }, change),
    works: (kind, change) => this.#executions.inc({ kind, state: 'executing' }, change),
    refuses: (kind) => this.#overloaded.inc({ kind }),
  };

  observeCache(subgraph: string, outcome: CacheOutcome, count: number): void {
    this.#cached.inc({ subgraph, outcome }, count);
  }

  observeExecution(...[executor, reason]: Parameters<ObserveExecution>): void {
    this.#plans.inc({ executor, reason });
  }

  /** @param counts asked each time that the numbers are read */
  watchSubscriptions(counts: () => { readonly subscribers: number; readonly groups: number }): void {
    new Gauge({
      name: 'gateway_subscriptions',
      help: 'Subscriptions that are open ("subscribers"), and the groups that share an execution ("groups").',
      labelNames: ['of'],
      registers: [this.registry],
      collect() {
        for (const [of, count] of Object.entries(counts())) this.set({ of }, count);
      },
    });
  }

  observeUsageDropped(count: number): void {
    this.#usageDropped.inc(count);
  }

  serves(supergraphId: string): void {
    this.#supergraph.reset();
    this.#supergraph.set({ id: supergraphId.slice(0, 12) }, 1);
  }
}
