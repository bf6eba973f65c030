import { type DirectiveNode, Kind, parse } from 'graphql';
import type { ComposedGraph } from '../api-schema.ts';
import { type Element, forEachElement, isOwnType } from '../schema-elements.ts';
import type { SourcePlace } from './finding.ts';

/** A subgraph's schema with the file it stands in. */
export interface SubgraphSource {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

const TYPE_EXTENSION = /^(\w+)TypeExtension$/;

/** Where each element of the graph is written: the first place, in the order of the subgraphs. */
export function sourcePlaces(sources: readonly SubgraphSource[]): ReadonlyMap<string, SourcePlace> {
  const places = new Map<string, SourcePlace>();
  for (const { file, text } of sources) {
    for (const definition of parse(text).definitions) {
      const own = TYPE_EXTENSION.test(definition.kind)
        ? ({ ...definition, kind: definition.kind.replace('Extension', 'Definition') } as typeof definition)
        : definition;
      if (!isOwnType(own)) continue;
      forEachElement(own, (element, at) => {
        const { loc } = 'name' in element ? element.name : element;
        if (loc && !places.has(at)) places.set(at, { file, line: loc.startToken.line });
      });
    }
  }
  return places;
}

/** The place of an element, or of the nearest thing around it that is still there. */
export function nearestPlace(places: ReadonlyMap<string, SourcePlace>, coordinate: string): SourcePlace | null {
  const around = [coordinate, withoutArgument(coordinate), coordinate.split('.')[0] ?? ''];
  return around.map((at) => places.get(at)).find((place) => place !== undefined) ?? null;
}

/** `Order.lines` of `Order.lines(first:)`; the coordinate itself where it is no argument. */
export function withoutArgument(coordinate: string): string {
  const at = coordinate.indexOf('(');
  return at === -1 ? coordinate : coordinate.slice(0, at);
}

/** Which subgraphs define an element. Empty where the graph does not have it, or has it wherever it has its type. */
export function definingSubgraphs({ document }: ComposedGraph): (coordinate: string) => readonly string[] {
  const names = new Map<string, string>();
  const found = new Map<string, readonly string[]>();
  const graphsOf = (element: Element, directive: string): string[] =>
    (element.directives ?? []).flatMap((use) => (use.name.value === directive ? [argument(use, 'graph')] : []));
  for (const definition of document.definitions) {
    if (definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph')
      for (const value of definition.values ?? [])
        for (const use of value.directives ?? []) names.set(value.name.value, argument(use, 'name'));
    if (!isOwnType(definition)) continue;
    forEachElement(definition, (element, at, kind) => {
      const graphs = graphsOf(
        element,
        kind === 'type' ? 'join__type' : kind === 'enumValue' ? 'join__enumValue' : 'join__field',
      );
      if (graphs.length > 0)
        found.set(
          at,
          graphs.filter((graph) => graph !== ''),
        );
    });
  }
  return (coordinate) => {
    const graphs = found.get(withoutArgument(coordinate)) ?? [];
    return [...new Set(graphs.map((graph) => names.get(graph) ?? graph))];
  };
}

function argument(directive: DirectiveNode, name: string): string {
  const value = directive.arguments?.find((candidate) => candidate.name.value === name)?.value;
  return value?.kind === Kind.ENUM || value?.kind === Kind.STRING ? value.value : '';
}
