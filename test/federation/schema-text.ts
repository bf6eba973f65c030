import { type DefinitionNode, Kind, parse, print } from 'graphql';

const NO_DESCRIPTION_NEEDED: ReadonlySet<string> = new Set(['Query', 'Mutation', 'Subscription']);

/** Definitions with their descriptions, by name, as they are printed: spaces and order of a file do not matter. */
export function sharedDefinitions(text: string): Map<string, string> {
  return new Map(
    parse(text).definitions.flatMap((definition) => {
      const name = nameOf(definition);
      return name === null ? [] : [[name, print(definition)] as const];
    }),
  );
}

/** Coordinates such as `Order.lines(first:)` of what has no description. Root types say nothing by themselves. */
export function undescribedElements(text: string): string[] {
  return parse(text).definitions.flatMap((definition) => {
    const name = nameOf(definition);
    if (name === null) return [];
    const own = isDescribed(definition) || NO_DESCRIPTION_NEEDED.has(name) ? [] : [name];
    return [...own, ...membersOf(definition).flatMap((member) => undescribedMember(name, member))];
  });
}

type Described = { readonly description?: { readonly value: string } | undefined };
type Member = Described & {
  readonly name: { readonly value: string };
  readonly arguments?: readonly (Described & { readonly name: { readonly value: string } })[] | undefined;
};

function undescribedMember(type: string, member: Member): string[] {
  const coordinate = `${type}.${member.name.value}`;
  const own = isDescribed(member) ? [] : [coordinate];
  const undescribed = (member.arguments ?? []).filter((argument) => !isDescribed(argument));
  return [...own, ...undescribed.map((argument) => `${coordinate}(${argument.name.value}:)`)];
}

function membersOf(definition: DefinitionNode): readonly Member[] {
  if ('fields' in definition) return (definition.fields ?? []) as readonly Member[];
  return definition.kind === Kind.ENUM_TYPE_DEFINITION ? (definition.values ?? []) : [];
}

function nameOf(definition: DefinitionNode): string | null {
  return definition.kind !== Kind.SCHEMA_EXTENSION && 'name' in definition ? (definition.name?.value ?? null) : null;
}

const isDescribed = (node: object): boolean =>
  'description' in node && ((node as Described).description?.value.trim() ?? '') !== '';
