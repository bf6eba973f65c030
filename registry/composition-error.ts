import type { GraphQLError } from 'graphql';
import type { SourcePlace } from './check/finding.ts';
import { type SubgraphSource, sourcePlaces } from './check/graph-places.ts';

/** A place in a subgraph's schema that has a part in an error. */
export interface ErrorPlace extends SourcePlace {
  readonly subgraph: string;
}

/** Why the subgraph schemas do not compose, with the places to look at and what to do there. */
export class CompositionError {
  /** Such as ENUM_VALUE_MISMATCH. */
  readonly code: string;
  readonly message: string;
  /** In the order of the subgraphs, each once. Empty only when no schema has a part in it. */
  readonly places: readonly ErrorPlace[];
  readonly advice: string;

  constructor(code: string, message: string, places: readonly ErrorPlace[]) {
    this.code = code;
    this.message = message;
    this.places = places;
    this.advice = ADVICE[code] ?? 'Repair the schemas; composition cannot be approved.';
  }

  /** For a terminal: the first place as compilers write it, then the others and the advice on lines of their own. */
  toString(): string {
    const [first, ...others] = this.places.map(({ file, line }) => `${file}:${line}`);
    return [
      `${first === undefined ? '' : `${first}: `}${this.code}: ${this.message}`,
      ...others.map((place) => `  see also ${place}`),
      `  → ${this.advice}`,
    ].join('\n');
  }
}

/** What repairs an error, for those that a change of one subgraph meets in another. */
const ADVICE: Readonly<Record<string, string>> = {
  ENUM_VALUE_MISMATCH:
    'Give the enum the same values in every subgraph that has it, in one change. Values may differ only in an enum that clients read and never send, or send and never read.',
  INVALID_FIELD_SHARING:
    'Let one subgraph resolve the field and remove it from the others; or mark it @shareable in all of them when they answer alike.',
  FIELD_TYPE_MISMATCH: 'Give the field the same type in every subgraph that has it.',
  FIELD_ARGUMENT_TYPE_MISMATCH: 'Give the argument the same type in every subgraph that has the field.',
  INPUT_FIELD_DEFAULT_MISMATCH: 'Give the input field the same default in every subgraph that has it.',
  REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH:
    'Add the argument in every subgraph that has the field, or make it optional.',
  REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH:
    'Add the input field in every subgraph that has the input, or make it optional.',
  TYPE_KIND_MISMATCH: 'Define the type as the same kind in every subgraph, or rename one of the two.',
  KEY_INVALID_FIELDS: 'Name fields in @key that the type has in this subgraph.',
  INVALID_GRAPHQL: 'Correct the schema at this place.',
  SATISFIABILITY_ERROR:
    'Give the type a @key that both subgraphs have, so that the gateway can go from one to the other, or define the field where it is asked for.',
};

/** An error of composition; where it names no node, the subgraphs and types that its text names lead to the places. */
export function compositionError(error: GraphQLError, sources: readonly SubgraphSource[]): CompositionError {
  const named = new Map(sources.map(({ name, file }) => [file, name]));
  const places = (error.nodes ?? []).flatMap(({ loc }): ErrorPlace[] => {
    const file = loc?.source.name ?? '';
    const subgraph = named.get(file);
    return loc && subgraph !== undefined ? [{ file, line: loc.startToken.line, subgraph }] : [];
  });
  const code = String(error.extensions.code ?? 'COMPOSITION_FAILED');
  return new CompositionError(
    code,
    error.message,
    distinct(places.length > 0 ? places : namedIn(error.message, sources)),
  );
}

/** Where the elements in quotes stand (`"Order.lines"`), in the subgraphs that the text names. */
function namedIn(message: string, sources: readonly SubgraphSource[]): ErrorPlace[] {
  const quoted = [...message.matchAll(/"([^"\s]+)"/g)].map(([, word]) => word ?? '');
  return sources
    .filter(({ name }) => quoted.includes(name))
    .map((source) => {
      const places = sourcePlaces([source]);
      const at = quoted.flatMap((word) => [word, word.split('.')[0] ?? '']).find((word) => places.has(word)) ?? '';
      return { file: source.file, line: places.get(at)?.line ?? 1, subgraph: source.name };
    });
}

function distinct(places: readonly ErrorPlace[]): ErrorPlace[] {
  return [...new Map(places.map((place) => [`${place.file}:${place.line}`, place])).values()];
}
