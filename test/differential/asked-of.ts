import { type DocumentNode, type FragmentDefinitionNode, Kind, parse, print, visit } from 'graphql';

/** A request as a plan sends it. */
export interface SentRequest {
  readonly subgraph: string;
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * What a request asks for, one text for each entity and selection: two plans that ask for the same in other portions have
 * the same of these. A request for no entities is one by itself.
 */
export function askedOf({
  subgraph,
  text,
  variables,
}: SentRequest): { readonly root: string } | { readonly entities: string[] } {
  const document = parse(text, { noLocation: true });
  const operation = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  const fields = (operation?.selectionSet.selections ?? []).flatMap((each) => (each.kind === Kind.FIELD ? [each] : []));
  if (!fields.some(({ name }) => name.value === '_entities'))
    return { root: `${subgraph} ${text.replace(/__\d+(?=\W)/, '')} ${JSON.stringify(variables)}` };
  const spread = spreading(document);
  const entities = fields.flatMap((field) => {
    const asked = spread(field.selectionSet ? print(field.selectionSet) : '');
    const [argument] = field.arguments ?? [];
    const name = argument?.value.kind === Kind.VARIABLE ? argument.value.name.value : '';
    const used = Object.entries(variables)
      .filter(([key]) => new RegExp(`\\$${key}\\b`).test(asked))
      .sort();
    return ((variables[name] ?? []) as object[]).map((each) => JSON.stringify([subgraph, asked, each, used]));
  });
  return { entities };
}

/** Replaces spreads by what they stand for: their names differ between one request and another. */
function spreading(document: DocumentNode): (selections: string) => string {
  const fragments = new Map(
    document.definitions.flatMap((each): [string, FragmentDefinitionNode][] =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  );
  return (selections) => {
    const inlined = visit(parse(selections, { noLocation: true }), {
      FragmentSpread(spread) {
        const fragment = fragments.get(spread.name.value);
        return fragment && { ...fragment, kind: Kind.INLINE_FRAGMENT, directives: spread.directives };
      },
    });
    return print(inlined).replace(/\s+/g, ' ');
  };
}
