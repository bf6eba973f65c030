import type { Caller, Channel } from '../../platform/caller.ts';
import type { GatewayContext } from '../context.ts';
import type { PlannedFetch, SubgraphSource } from '../data-sources/data-source.ts';
import { JOIN_MILLIS } from '../data-sources/shared-reads.ts';
import type { SubgraphAnswer, SubgraphError } from '../data-sources/subgraph-answer.ts';
import type { AnswerPolicy } from './answer-policy.ts';
import { AnswerTags } from './answer-tags.ts';
import type { KeptAnswer } from './kept-answer.ts';

/** Where nothing fresh was kept. An entity that is null may be kept as that. */
const MISSING = Symbol('missing');

/** `hit` and `stale` were kept, `miss` was not; `stale` was too old and its subgraph failed. In answers, or entities. */
export type CacheOutcome = 'hit' | 'miss' | 'stale';

/** What is kept, as one fetch sees it. */
export interface KeptAnswers {
  /** What is kept under the keys and was not changed since, whether still fresh or not. */
  read(keys: readonly string[]): Promise<readonly (KeptAnswer | null)[]>;
  /** @param staleMillis how long it may stand in after it is no longer fresh */
  write(entries: readonly { readonly key: string; readonly kept: KeptAnswer }[], staleMillis: number): void;
  observe(subgraph: string, outcome: CacheOutcome, count: number): void;
  /** How long a channel may be shown what is no longer fresh, in milliseconds. */
  staleMillis(policy: AnswerPolicy, caller: Caller): number;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface CachedOperation {
  readonly subgraph: string;
  /** Key fields of the entities that changes name, by type. */
  readonly entities: Readonly<Record<string, string>>;
  readonly policy: AnswerPolicy;
  /** Stands for the supergraph, the subgraph and the operation. */
  readonly hash: string;
  readonly source: SubgraphSource;
}

/** Answers one request to a subgraph from what is kept, and from the subgraph what is not. */
export class CachedFetch {
  readonly #cache: KeptAnswers;
  readonly #operation: CachedOperation;

  constructor(cache: KeptAnswers, operation: CachedOperation) {
    this.#cache = cache;
    this.#operation = operation;
  }

  answer(fetch: PlannedFetch, context: GatewayContext): Promise<SubgraphAnswer> {
    const { representations } = fetch.variables;
    if (fetch.entities === null) return this.#answerWhole(fetch, context);
    const asked = Array.isArray(representations) ? representations.map((each) => this.#named(each)) : [null];
    return asked.every((each) => each !== null)
      ? this.#answerEntities(fetch, asked, context)
      : this.#operation.source.ask(fetch, context); // of something that no event names
  }

  async #answerWhole(fetch: PlannedFetch, context: GatewayContext): Promise<SubgraphAnswer> {
    const { policy, source, subgraph } = this.#operation;
    const key = this.#key(context, fetch.variables);
    const [kept] = await this.#cache.read([key]);
    const askedAt = this.#cache.now();
    if (kept && kept.freshUntil > askedAt) {
      this.#cache.observe(subgraph, 'hit', 1);
      return { data: JSON.parse(kept.json) };
    }
    const answer = await source.ask(fetch, context);
    const staleMillis = this.#cache.staleMillis(policy, context.caller);
    if (isFailed(answer) && kept && kept.freshUntil + staleMillis > this.#cache.now()) {
      this.#cache.observe(subgraph, 'stale', 1);
      return { data: JSON.parse(kept.json) };
    }
    this.#cache.observe(subgraph, 'miss', 1);
    if (!answer.data || answer.errors) return answer;
    const tags = new AnswerTags(subgraph);
    if (policy.isOfAny) tags.addAny();
    tags.addFrom(answer.data, policy.places);
    this.#cache.write([{ key, kept: this.#keep(answer.data, askedAt, tags, answer.goodUntil) }], staleMillis);
    return answer;
  }

  async #answerEntities(
    fetch: PlannedFetch,
    named: readonly NamedEntity[],
    context: GatewayContext,
  ): Promise<SubgraphAnswer> {
    const { policy, source, subgraph } = this.#operation;
    const { representations: _, ...others } = fetch.variables;
    const ofAll = this.#key(context, others);
    const keys = named.map(({ representation }) => `${ofAll} ${JSON.stringify(representation)}`);
    const kept = await this.#cache.read(keys);
    const askedAt = this.#cache.now();
    const entities = parsed(kept.map((each) => (each && each.freshUntil > askedAt ? each.json : null)));
    const missing = entities.flatMap((entity, place) => (entity === MISSING ? [place] : []));
    this.#cache.observe(subgraph, 'hit', named.length - missing.length);
    if (missing.length === 0) return { data: { _entities: entities } };

    const asked = { ...others, representations: missing.map((place) => named[place]?.representation) };
    const answer = await source.ask({ ...fetch, variables: asked, entities: missing.length }, context);
    const staleMillis = this.#cache.staleMillis(policy, context.caller);
    if (isFailed(answer)) return this.#standIn(answer, { kept, missing, entities, staleMillis });
    this.#cache.observe(subgraph, 'miss', missing.length);
    const fresh = (answer.data?._entities ?? []) as readonly unknown[];
    if (!answer.errors) {
      const entries = missing.map((place, index) => {
        const { type, key } = named[place] as NamedEntity;
        const tags = new AnswerTags(subgraph);
        tags.addEntity(type, key);
        tags.addFrom(fresh[index], policy.places);
        return { key: keys[place] as string, kept: this.#keep(fresh[index], askedAt, tags, answer.goodUntil) };
      });
      this.#cache.write(entries, staleMillis);
    }
    for (const [index, place] of missing.entries()) entities[place] = fresh[index] ?? null;
    return withErrors({ _entities: entities }, answer.errors, missing);
  }

  /** Of a subgraph that failed: what was kept and is not too old; the rest stays null, with the error. */
  #standIn(answer: SubgraphAnswer, { kept, missing, entities, staleMillis }: Gap): SubgraphAnswer {
    const now = this.#cache.now();
    const lost = missing.filter((place) => {
      const old = kept[place];
      const isUsable = old && old.freshUntil + staleMillis > now;
      entities[place] = isUsable ? JSON.parse(old.json) : null;
      return !isUsable;
    });
    this.#cache.observe(this.#operation.subgraph, 'stale', missing.length - lost.length);
    this.#cache.observe(this.#operation.subgraph, 'miss', lost.length);
    if (lost.length === 0) return { data: { _entities: entities } };
    // Where nothing is at hand the answer is the failure itself, as without a cache.
    if (lost.length === entities.length) return answer;
    return withErrors({ _entities: entities }, answer.errors, lost);
  }

  #keep(data: unknown, askedAt: number, tags: AnswerTags, goodUntil = Number.POSITIVE_INFINITY): KeptAnswer {
    const freshUntil = Math.min(askedAt + this.#operation.policy.keep.fresh, goodUntil);
    // Written down at once: what is handed out belongs to its request from then on. It may be a read that another began before.
    return { askedAt: askedAt - JOIN_MILLIS, freshUntil, tags: tags.list, json: JSON.stringify(data ?? null) };
  }

  #key({ caller }: GatewayContext, values: unknown): string {
    return `${this.#operation.hash} ${audienceOf(caller)} ${JSON.stringify(values)}`;
  }

  /** The entity that is asked for as events name it; null when none does. */
  #named(representation: unknown): NamedEntity | null {
    const { __typename: type, ...fields } = representation as Readonly<Record<string, unknown>>;
    const keyName = typeof type === 'string' ? this.#operation.entities[type] : undefined;
    const key = keyName === undefined ? undefined : fields[keyName];
    return typeof type === 'string' && typeof key === 'string' ? { representation, type, key } : null;
  }
}

interface NamedEntity {
  readonly representation: unknown;
  readonly type: string;
  readonly key: string;
}

interface Gap {
  readonly kept: readonly (KeptAnswer | null)[];
  /** Places that were asked for. */
  readonly missing: readonly number[];
  /** Filled where there is something. */
  readonly entities: unknown[];
  readonly staleMillis: number;
}

const channels = new WeakMap<Channel, string>();

/** Whose answers are the same: contract and channel, with all that is known of it. */
function audienceOf({ contract, channel }: Caller): string {
  if (channel === null) return JSON.stringify([contract]);
  const text = channels.get(channel) ?? JSON.stringify(channel);
  channels.set(channel, text);
  return `${JSON.stringify(contract)} ${text}`;
}

/** What texts of JSON say, read as one, which is several times as fast as one by one; MISSING where there is none. */
function parsed(texts: readonly (string | null)[]): unknown[] {
  const found = texts.filter((text) => text !== null);
  const values: unknown[] = found.length > 0 ? JSON.parse(`[${found.join(',')}]`) : [];
  let next = 0;
  return texts.map((text) => (text === null ? MISSING : values[next++]));
}

/** Whether the subgraph gave no answer at all. What it says of single fields is an answer. */
function isFailed({ data, errors }: SubgraphAnswer): boolean {
  return data === undefined && errors !== undefined;
}

/** @param places where the entities of the errors are in the whole answer */
function withErrors(
  data: Record<string, unknown>,
  errors: readonly SubgraphError[] | undefined,
  places: readonly number[],
): SubgraphAnswer {
  if (!errors) return { data };
  return {
    data,
    errors: errors.map((error) => {
      const [root, index, ...rest] = error.path ?? [];
      const place = typeof index === 'number' ? places[index] : undefined;
      return root === '_entities' && place !== undefined ? { ...error, path: [root, place, ...rest] } : error;
    }),
  };
}
