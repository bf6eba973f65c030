import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { responseName } from '../planning/response-name.ts';
import { type Conditions, conditionsOf } from './conditions.ts';
import { assertOwnName, Unsupported } from './unsupported.ts';

/** A selection set that applies to an object when its conditions hold. */
export interface Selected {
  readonly set: SelectionSetNode;
  readonly when: Conditions;
}

/** One field of an answer's object. */
export interface AnswerField {
  readonly name: string;
  /** Null for `__typename`. */
  readonly type: GraphQLOutputType | null;
  /** Of an object: what is selected of it, in all places that select it. */
  readonly selected: readonly Selected[];
  /** It is there when one of them holds; empty when it always is. */
  readonly when: readonly Conditions[];
}

/** Finds what an operation selects of an object whose type is known: fragments followed, equal names merged. */
export class AnswerShape {
  readonly #schema: GraphQLSchema;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  /** All that conditions ask for so far, also where another mention of the field makes them idle. */
  readonly conditionVariables = new Set<string>();

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.#schema = schema;
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  /**
   * In the order of the specification: that of first mention.
   * @throws Unsupported
   */
  fieldsOf(type: GraphQLObjectType, selected: readonly Selected[]): AnswerField[] {
    const found = new Map<string, { field: string; selected: Selected[]; when: Conditions[] }>();
    const walk = ({ set, when: outer }: Selected): void => {
      for (const selection of set.selections) {
        const when = conditionsOf(selection.directives, outer);
        if (when === null) continue;
        for (const { variable } of when) this.conditionVariables.add(variable);
        if (selection.kind === Kind.FIELD) {
          const name = responseName(selection);
          assertOwnName(name);
          const entry = found.get(name) ?? { field: selection.name.value, selected: [], when: [] };
          found.set(name, entry);
          entry.when.push(when);
          if (selection.selectionSet) entry.selected.push({ set: selection.selectionSet, when });
          continue;
        }
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
        if (fragment && this.#applies(fragment.typeCondition?.name.value, type))
          walk({ set: fragment.selectionSet, when });
      }
    };
    for (const each of selected) walk(each);
    return [...found].map(([name, { field, selected: below, when }]) => {
      const always = when.some((conditions) => conditions.length === 0);
      return { name, type: typeOf(type, field), selected: below, when: always ? [] : when };
    });
  }

  #applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) return true;
    const wanted = this.#schema.getType(condition);
    return isAbstractType(wanted) && this.#schema.isSubType(wanted, type);
  }
}

function typeOf(parent: GraphQLObjectType, field: string): GraphQLOutputType | null {
  if (field === '__typename') return null;
  const definition = parent.getFields()[field];
  // Beside `__typename` these are the only fields that validation accepts and no type has.
  if (!definition) throw new Unsupported('introspection');
  return definition.type;
}
