import {
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql';
import type { AnswerField, AnswerShape, Selected } from './answer-shape.ts';
import type { Conditions } from './conditions.ts';
import { generate } from './generate.ts';
import { irregular } from './irregular.ts';
import { type LeafText, leafText } from './leaf-text.ts';
import type { Entity } from './run.ts';
import { Unsupported } from './unsupported.ts';

/** What an answer is written from. */
export interface WriterInput {
  /** What was fetched. */
  readonly data: Entity;
  /** With their defaults. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Whether errors of the run tell what is missing. Without them each null where none may be needs an error of its own. */
  readonly isExplained: boolean;
}

/**
 * Writes the data of an answer as JSON. A null where the schema has none makes what it is in null, up to what may be.
 * @returns null when that is the whole answer
 * @throws Irregular for data that needs more than writing; nothing was changed then
 */
export type AnswerWriter = (input: WriterInput) => string | null;

/** Functions of one writer. Each interface in another multiplies them by its types. */
const MAX_FUNCTIONS = 2_000;

/**
 * Generates a function that shapes and writes in one pass. Read of the data is only what the operation selects, by
 * names that are written into the code ({@link generate}).
 * @throws Unsupported
 */
export function compileWriter(
  schema: GraphQLSchema,
  shape: AnswerShape,
  root: { readonly type: GraphQLObjectType; readonly set: SelectionSetNode },
): AnswerWriter {
  const code = new WriterCode(schema, shape);
  const name = code.objectOf(root.type, [{ set: root.set, when: [] }]);
  return code.finish(name);
}

class WriterCode {
  readonly #schema: GraphQLSchema;
  readonly #shape: AnswerShape;
  readonly #functions: string[] = [];
  readonly #leaves: LeafText[] = [];
  readonly #leafNames = new Map<GraphQLOutputType, string>();
  /** Functions by what they write: interfaces of many types select the same of most. */
  readonly #known = new Map<string, string>();
  readonly #sets = new Map<SelectionSetNode, number>();
  readonly #variables: string[] = [];

  constructor(schema: GraphQLSchema, shape: AnswerShape) {
    this.#schema = schema;
    this.#shape = shape;
  }

  finish(root: string): AnswerWriter {
    const write = generate<(data: Entity, conditions: WriterConditions) => string | undefined>(
      { leaves: this.#leaves, irregular, lost },
      `${this.#functions.join('\n')}\nreturn ${root};`,
    );
    const names = this.#variables;
    for (const name of this.#shape.conditionVariables) if (!names.includes(name)) names.push(name);
    return ({ data, variables, isExplained }) =>
      write(data, [isExplained, ...names.map((name) => booleanOf(variables[name]))]) ?? null;
  }

  /** @returns the name of a function that writes an object whose declared type is an object type */
  objectOf(type: GraphQLObjectType, selected: readonly Selected[]): string {
    const fields = this.#fieldsOf(type, selected);
    const typename = JSON.stringify(type.name);
    return this.#define(`${type.name} ${this.#keyOf(selected)}`, (name) => {
      // Without a type the object is what the schema says; with another one something is wrong.
      const guard = `const t=o.__typename;if(t!==undefined&&t!==${typename})irregular();`;
      return `function ${name}(o,c){${OBJECT_GUARD}${guard}return ${fields}(o,c);}`;
    });
  }

  #abstractOf(type: GraphQLOutputType, selected: readonly Selected[]): string {
    return this.#define(`${String(type)} ${this.#keyOf(selected)}`, (name) => {
      const possible = this.#schema.getPossibleTypes(type as Parameters<GraphQLSchema['getPossibleTypes']>[0]);
      const cases = possible.map(
        (each) => `case ${JSON.stringify(each.name)}:return ${this.#fieldsOf(each, selected)}(o,c);`,
      );
      return `function ${name}(o,c){${OBJECT_GUARD}switch(o.__typename){${cases.join('')}default:irregular();}}`;
    });
  }

  #fieldsOf(type: GraphQLObjectType, selected: readonly Selected[]): string {
    return this.#define(`fields ${type.name} ${this.#keyOf(selected)}`, (name) => {
      const fields = this.#shape.fieldsOf(type, selected);
      const written = fields.every(({ when }) => when.length === 0)
        ? fields.map((field, index) => this.#field(field, type, index > 0 ? ',' : ''))
        : fields.map((field) => this.#conditional(field, type));
      // It goes on behind a loss: what is not of its type there is for @apollo/gateway all the same.
      return `function ${name}(o,c){let v,l=false,r='';${written.join('')}return l?undefined:'{'+r+'}';}`;
    });
  }

  #conditional(field: AnswerField, type: GraphQLObjectType): string {
    const written = `if(r!=='')r+=',';${this.#field(field, type, '')}`;
    const test = field.when.map((conditions) => this.#test(conditions)).join('||');
    return field.when.length === 0 ? written : `if(${test}){${written}}`;
  }

  #field({ name, type, selected }: AnswerField, parent: GraphQLObjectType, separator: string): string {
    const key = JSON.stringify(`${separator}${JSON.stringify(name)}:`);
    if (type) return `v=o.${name};${this.#value(type, selected, key)}`;
    const typename = JSON.stringify(parent.name);
    const written = `r+=${JSON.stringify(`${separator}${JSON.stringify(name)}:${typename}`)};`;
    return `v=o.${name};if(v!==undefined&&v!==null&&v!==${typename})irregular();${written}`;
  }

  /** Statements that add the text of `v` to `r`, behind that of `key`; `l` becomes true when a null has to move up. */
  #value(type: GraphQLOutputType, selected: readonly Selected[], key: string): string {
    const isRequired = isNonNullType(type);
    const inner = isRequired ? type.ofType : type;
    const text = `${this.#writerOf(inner, selected)}(v,c)`;
    if (isLeafType(inner)) {
      return isRequired ? `if(v==null)l=lost(c);else r+=${key}+${text};` : `r+=${key}+(v==null?'null':${text});`;
    }
    return isRequired
      ? `if(v==null||(v=${text})===undefined)l=lost(c);else r+=${key}+v;`
      : `r+=${key}+(v==null?'null':${text}??'null');`;
  }

  #writerOf(type: GraphQLOutputType, selected: readonly Selected[]): string {
    if (isListType(type)) return this.#listOf(type.ofType, selected);
    if (isLeafType(getNamedType(type))) return this.#leafOf(type);
    return isObjectType(type) ? this.objectOf(type, selected) : this.#abstractOf(type, selected);
  }

  #listOf(type: GraphQLOutputType, selected: readonly Selected[]): string {
    return this.#define(`[${String(type)}] ${this.#keyOf(selected)}`, (name) => {
      const item = this.#value(type, selected, `(i>0?',':'')`);
      const loop = `for(let i=0;i<a.length;i++){let v=a[i];${item}}`;
      return `function ${name}(a,c){if(!Array.isArray(a))irregular();let l=false,r='[';${loop}return l?undefined:r+']';}`;
    });
  }

  #leafOf(type: GraphQLOutputType): string {
    const known = this.#leafNames.get(type);
    if (known) return known;
    const name = `leaf${this.#leaves.push(leafText(type as Parameters<typeof leafText>[0])) - 1}`;
    this.#functions.push(`const ${name}=leaves[${this.#leaves.length - 1}];`);
    this.#leafNames.set(type, name);
    return name;
  }

  #test(conditions: Conditions): string {
    const tests = conditions.map(({ variable, isNegated }) => {
      const known = this.#variables.indexOf(variable);
      const index = known >= 0 ? known : this.#variables.push(variable) - 1;
      return `${isNegated ? '!' : ''}c[${index + 1}]`; // the first is isExplained
    });
    return `(${tests.join('&&')})`;
  }

  /** Names the function that `write` writes, once for each key. */
  #define(key: string, write: (name: string) => string): string {
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size >= MAX_FUNCTIONS) throw new Unsupported('size');
    const name = `write${this.#known.size}`;
    this.#known.set(key, name);
    this.#functions.push(write(name));
    return name;
  }

  #keyOf(selected: readonly Selected[]): string {
    const keys = selected.map(({ set, when }) => {
      const number = this.#sets.get(set) ?? this.#sets.size;
      this.#sets.set(set, number);
      return [number, ...when.map(({ variable, isNegated }) => `${isNegated ? '!' : ''}${variable}`)].join('&');
    });
    return keys.join(' ');
  }
}

/** Whether losses are explained, then the values of the variables that conditions ask for. */
type WriterConditions = readonly [isExplained: boolean, ...conditions: boolean[]];

/** Called for a null where none may be. @throws Irregular when nothing explains it */
function lost([isExplained]: WriterConditions): true {
  return isExplained || irregular();
}

const OBJECT_GUARD = `if(typeof o!=='object'||Array.isArray(o))irregular();`;

/** A condition is `Boolean!`; a null that a default let through is for @apollo/gateway to refuse. */
function booleanOf(value: unknown): boolean {
  return typeof value === 'boolean' ? value : irregular();
}
