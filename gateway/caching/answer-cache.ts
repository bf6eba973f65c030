import { createHash } from 'node:crypto';
import type { GraphQLDataSource } from '@apollo/gateway';
import type { GraphQLSchema } from 'graphql';
import type { Cache, CacheEntry } from '../../platform/cache/port.ts';
import type { Caller } from '../../platform/caller.ts';
import type { GatewayContext } from '../context.ts';
import { type PlannedFetch, type SubgraphSource, sourceOf } from '../data-sources/data-source.ts';
import { LruCache } from '../planning/lru-cache.ts';
import { type AnswerPolicy, answerPolicy } from './answer-policy.ts';
import type { CacheRules } from './cache-rules.ts';
import { CachedFetch, type CacheOutcome, type KeptAnswers } from './cached-fetch.ts';
import type { ChangeRecord } from './change-record.ts';
import { TOLD } from './changes.ts';
import { FORM, type KeptAnswer, readKept, writeKept } from './kept-answer.ts';
import type { StaleBounds } from './stale-bounds.ts';

export interface AnswerCacheOptions {
  readonly cache: Cache;
  readonly changes: ChangeRecord;
  readonly staleBounds: StaleBounds;
  readonly observe?: (subgraph: string, outcome: CacheOutcome, count: number) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A supergraph that answers are kept for. */
export interface CachedGraph {
  /** SHA-256 of its text. */
  readonly id: string;
  readonly schema: GraphQLSchema;
  readonly rules: CacheRules;
}

/** Operations whose policies are remembered for one subgraph. */
const MAX_POLICIES = 2_000;

/**
 * Keeps what subgraphs answer to queries, where `@cacheControl` allows it, until it is too old or an event tells of a
 * change. Mutations and subscriptions go past it.
 */
export class AnswerCache implements KeptAnswers {
  readonly #options: AnswerCacheOptions;
  readonly #now: () => number;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** @returns the same source where nothing of its subgraph may be kept */
  around(source: GraphQLDataSource, subgraph: string, graph: CachedGraph): GraphQLDataSource {
    const entities = TOLD[subgraph];
    return entities && graph.rules.size > 0 && 'ask' in source
      ? this.#around(source as SubgraphSource, { subgraph, entities, graph })
      : source;
  }

  #around(source: SubgraphSource, { subgraph, entities, graph }: Surrounding): SubgraphSource {
    const { id, schema, rules } = graph;
    const policies = new LruCache<{ policy: AnswerPolicy | null; hash: string }>(MAX_POLICIES);
    const policyOf = (text: string) => {
      const known = policies.get(text);
      if (known) return known;
      const hash = createHash('sha256')
        .update(JSON.stringify([FORM, id, subgraph, text]))
        .digest('base64url');
      const fresh = { policy: answerPolicy(text, { schema, rules, entities }), hash };
      policies.set(text, fresh);
      return fresh;
    };
    const ask: SubgraphSource['ask'] = async (fetch, context) => {
      if (context.lane !== 'reading') return source.ask(fetch, context);
      const { policy, hash } = policyOf(fetch.operation.text);
      if (!policy) return source.ask(fetch, context);
      return new CachedFetch(this, { subgraph, entities, policy, hash, source }).answer(fetch, forAnybody(context));
    };
    // What may be kept is looked for by itself; the rest still goes in one request.
    const askTogether: SubgraphSource['askTogether'] = async (together, context) => {
      const isKept = (fetch: PlannedFetch) =>
        context.lane === 'reading' && policyOf(fetch.operation.text).policy !== null;
      const rest = together.fetches.map((fetch) => (fetch && !isKept(fetch) ? fetch : null));
      const isMany = rest.filter((fetch) => fetch !== null).length > 1;
      const others = isMany ? source.askTogether?.({ ...together, fetches: rest }, context) : undefined;
      return Promise.all(
        together.fetches.map(async (fetch, index) => {
          if (!fetch) return {};
          return others && rest[index] ? ((await others)[index] ?? {}) : ask(fetch, context);
        }),
      );
    };
    return sourceOf(ask, source.askTogether && askTogether);
  }

  async read(keys: readonly string[]): Promise<readonly (KeptAnswer | null)[]> {
    const { cache, changes } = this.#options;
    const texts = await cache.get(keys);
    return texts.map((text) => {
      if (text === null) return null;
      const kept = readKept(text);
      return changes.isUnchanged(kept.tags, kept.askedAt, cache.clockSkewMillis) ? kept : null;
    });
  }

  write(entries: readonly { readonly key: string; readonly kept: KeptAnswer }[], staleMillis: number): void {
    const now = this.#now();
    const fresh: CacheEntry[] = entries.flatMap(({ key, kept }) => {
      const millis = kept.freshUntil - now + staleMillis;
      return kept.freshUntil > now ? [{ key, value: writeKept(kept), millis }] : [];
    });
    if (fresh.length > 0) void this.#options.cache.set(fresh);
  }

  observe(subgraph: string, outcome: CacheOutcome, count: number): void {
    if (count > 0) this.#options.observe?.(subgraph, outcome, count);
  }

  staleMillis(policy: AnswerPolicy, caller: Caller): number {
    return Math.min(policy.keep.stale, this.#options.staleBounds.of(caller.channel?.code ?? null));
  }

  now(): number {
    return this.#now();
  }
}

interface Surrounding {
  readonly subgraph: string;
  readonly entities: Readonly<Record<string, string>>;
  readonly graph: CachedGraph;
}

/**
 * Who asks for what others may get: a channel, never a person. So no subgraph can put into it what is one customer's. Many who
 * miss the same at the same time share one read.
 */
function forAnybody(context: GatewayContext): GatewayContext {
  return {
    ...context,
    caller: { ...context.caller, clientId: 'cache', customerId: null, scopes: [] },
  };
}
