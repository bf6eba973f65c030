import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
} from 'graphql';
import type { CacheRules, KeepTime } from './cache-rules.ts';

/** Where the data of an answer holds something that changes are told of. */
export interface Place {
  /** Name of the field in the answer. */
  readonly name: string;
  /** The entity there; null when it is none. */
  readonly entity: { readonly type: string; readonly keyName: string | null } | null;
  /** Whether a null there could become something by a change of any entity. */
  readonly couldBeAny: boolean;
  readonly inside: readonly Place[];
}

/** How the answers of one operation of a subgraph may be kept. */
export interface AnswerPolicy {
  readonly keep: KeepTime;
  /** Whether it depends on more than the entities that are in it: a list to which others may come. */
  readonly isOfAny: boolean;
  readonly places: readonly Place[];
}

export interface PolicySource {
  /** Of the supergraph. */
  readonly schema: GraphQLSchema;
  readonly rules: CacheRules;
  /** Key fields by type, of the entities that changes of this subgraph name. */
  readonly entities: Readonly<Record<string, string>>;
}

/** @returns null when the answers must not be kept: something in them has no rule, or they come of a mutation */
export function answerPolicy(text: string, source: PolicySource): AnswerPolicy | null {
  return new PolicyReader(text, source).read();
}

const NEVER: KeepTime = { fresh: 0, stale: 0 };

/** Reads one operation. What it asks for that has the shortest time decides. */
class PolicyReader {
  readonly #source: PolicySource;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #text: string;
  #keep: KeepTime = { fresh: Number.POSITIVE_INFINITY, stale: Number.POSITIVE_INFINITY };

  constructor(text: string, source: PolicySource) {
    this.#text = text;
    this.#source = source;
  }

  read(): AnswerPolicy | null {
    const { definitions } = parse(this.#text, { noLocation: true });
    for (const each of definitions)
      if (each.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(each.name.value, each);
    const operation = definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
    const query = this.#source.schema.getQueryType();
    if (operation?.kind !== Kind.OPERATION_DEFINITION || operation.operation !== 'query' || !query) return null;
    const roots = this.#fieldsOf(operation.selectionSet, query);
    if (roots === null) return null;
    const isEntities = roots.length === 1 && roots[0]?.field.name.value === '_entities';
    const places = isEntities
      ? this.#entityPlaces(roots[0]?.field.selectionSet)
      : roots.flatMap((root) => this.#place(root, true));
    const { fresh } = this.#keep;
    if (fresh <= 0 || !Number.isFinite(fresh)) return null;
    const isOfAny = !isEntities && places.some(({ entity }) => entity === null);
    return { keep: this.#keep, isOfAny, places };
  }

  /** Of the entities that were asked for: they are named by their representations. */
  #entityPlaces(set: SelectionSetNode | undefined): Place[] {
    return (set?.selections ?? []).flatMap((selection) => {
      const name = selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition?.name.value : undefined;
      const type = name === undefined ? undefined : this.#source.schema.getType(name);
      if (selection.kind !== Kind.INLINE_FRAGMENT || !isObjectType(type)) return this.#refuse();
      this.#limit(this.#source.rules.get(type.name) ?? NEVER);
      return this.#inside(selection.selectionSet, type);
    });
  }

  #place({ field, type }: TypedField, isRoot: boolean): Place[] {
    const { name, alias, selectionSet } = field;
    if (name.value === '__typename') return [];
    const definition = type.getFields()[name.value];
    if (!definition) return this.#refuse();
    const own = this.#source.rules.get(`${type.name}.${name.value}`);
    const of = getNamedType(definition.type);
    if (!isCompositeType(of) || !selectionSet) {
      this.#limit(own ?? (isRoot ? NEVER : null));
      // A root field that is no object could be anything.
      return isRoot ? [{ name: name.value, entity: null, couldBeAny: true, inside: [] }] : [];
    }
    if (!isObjectType(of)) return this.#refuse();
    this.#limit(own ?? this.#source.rules.get(of.name) ?? NEVER);
    const key = this.#source.entities[of.name];
    const entity = key === undefined ? null : { type: of.name, keyName: this.#answerName(selectionSet, of, key) };
    const inside = this.#inside(selectionSet, of);
    return [{ name: alias?.value ?? name.value, entity, couldBeAny: isRoot, inside }];
  }

  #inside(set: SelectionSetNode, type: GraphQLObjectType): Place[] {
    return (this.#fieldsOf(set, type) ?? this.#refuse()).flatMap((each) => this.#place(each, false));
  }

  /** Under which name the answer holds a field; null when it does not. */
  #answerName(set: SelectionSetNode, type: GraphQLObjectType, name: string): string | null {
    const found = (this.#fieldsOf(set, type) ?? []).find(({ field }) => field.name.value === name);
    return found ? (found.field.alias?.value ?? name) : null;
  }

  /** Fields through fragments. Null when one of them is on a type that is no object. */
  #fieldsOf(set: SelectionSetNode, type: GraphQLObjectType): TypedField[] | null {
    const found: TypedField[] = [];
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        found.push({ field: selection, type });
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(selection.name.value) : selection;
      const condition = fragment?.typeCondition?.name.value ?? type.name;
      const on = this.#source.schema.getType(condition);
      const inside = fragment && isObjectType(on) ? this.#fieldsOf(fragment.selectionSet, on) : null;
      if (inside === null) return null;
      found.push(...inside);
    }
    return found;
  }

  #limit(time: KeepTime | null): void {
    if (!time) return;
    this.#keep = { fresh: Math.min(this.#keep.fresh, time.fresh), stale: Math.min(this.#keep.stale, time.stale) };
  }

  #refuse(): never[] {
    this.#limit(NEVER);
    return [];
  }
}

interface TypedField {
  readonly field: FieldNode;
  readonly type: GraphQLObjectType;
}
