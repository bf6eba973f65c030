import {
  type ASTNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parseType,
  print,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { editDistance } from '../../platform/closest.ts';
import { relateTypes } from '../changes/type-relation.ts';
import type { ContractChange } from './contract-changes.ts';
import type { Suggestion } from './finding.ts';
import type { LiveContract } from './live-contract.ts';

/**
 * Writes the document that a client can send after the change: renamed fields under their old name, so that the code
 * that reads the answer stays as it is; new arguments as variables; removed arguments left out.
 * @returns null when there is none that the changed contract accepts
 */
export function suggestDocument(
  document: DocumentNode,
  changes: readonly ContractChange[],
  contract: LiveContract,
): Suggestion | null {
  const kinds = new Map(changes.map((change) => [change.coordinate, change]));
  const added = changes.filter(({ kind }) => kind === 'REQUIRED_ARGUMENT_ADDED' || kind === 'ARGUMENT_BECAME_REQUIRED');
  const notes = new Set<string>();
  const variables = new Map<string, string>();
  const info = new TypeInfo(contract.before);
  const rewritten: DocumentNode = visit(
    document,
    visitWithTypeInfo(info, {
      Argument: (node) => {
        const at = `${info.getParentType()?.name}.${info.getFieldDef()?.name}(${node.name.value}:)`;
        if (kinds.get(at)?.kind !== 'ARGUMENT_REMOVED') return undefined;
        notes.add(`without ${at}: it no longer has an effect`);
        return null;
      },
      Field: {
        leave: (node) => {
          const parent = info.getParentType()?.name ?? '';
          const at = `${parent}.${node.name.value}`;
          const missing = added.filter(({ coordinate }) => coordinate.startsWith(`${at}(`));
          const field = withArguments(node, missing, contract, variables, notes);
          if (kinds.get(at)?.kind !== 'FIELD_REMOVED') return field === node ? undefined : field;
          const replacement = replacementOf(parent, node.name.value, contract);
          if (!replacement) {
            notes.add(`without ${at}: nothing replaces it, the client has to do without`);
            return null;
          }
          notes.add(`${parent}.${replacement} in place of ${at}`);
          return { ...field, alias: field.alias ?? node.name, name: { ...node.name, value: replacement } };
        },
      },
    }),
  );
  const result = withVariables(withoutUnusedVariables(rewritten), variables);
  if (notes.size === 0 || !isWhole(result) || validate(contract.after, result).length > 0) return null;
  return { document: print(result), notes: [...notes] };
}

/** The field that a removed one was probably renamed to: of the same type, new rather than old, of a like name. */
function replacementOf(typeName: string, name: string, { before, after }: LiveContract): string | undefined {
  const was = before.getType(typeName);
  const is = after.getType(typeName);
  if (!(isObjectType(was) || isInterfaceType(was)) || !(isObjectType(is) || isInterfaceType(is))) return undefined;
  const former = was.getFields()[name];
  if (!former) return undefined;
  const fits = (field: GraphQLField<unknown, unknown>) =>
    ['same', 'stricter'].includes(relateTypes(former.type, field.type)) &&
    former.args.every((argument) => field.args.some((candidate) => candidate.name === argument.name));
  const ranked = Object.values(is.getFields())
    .filter(fits)
    .map((field) => ({ name: field.name, isNew: !was.getFields()[field.name], distance: likeness(name, field.name) }))
    // A field that was there before means something else, unless the names say otherwise.
    .filter(({ isNew, distance }) => (isNew ? distance <= 0.8 : distance <= 0.35))
    .sort((a, b) => Number(b.isNew) - Number(a.isNew) || a.distance - b.distance);
  return ranked[0]?.name;
}

/** 0 for the same name, 1 for nothing in common. A name within the other (`number`, `orderNumber`) is near. */
function likeness(from: string, to: string): number {
  const [a, b] = [from.toLowerCase(), to.toLowerCase()];
  if (a.includes(b) || b.includes(a)) return 0.2;
  return editDistance(a, b) / Math.max(a.length, b.length);
}

function withArguments(
  node: FieldNode,
  missing: readonly ContractChange[],
  { after }: LiveContract,
  variables: Map<string, string>,
  notes: Set<string>,
): FieldNode {
  const names = missing.flatMap(({ coordinate }) => {
    const [, owner = '', field = '', name = ''] = /^(\w+)\.(\w+)\((\w+):\)$/.exec(coordinate) ?? [];
    if (node.arguments?.some((argument) => argument.name.value === name)) return [];
    const type = after.getType(owner);
    const argument =
      isObjectType(type) || isInterfaceType(type)
        ? type.getFields()[field]?.args.find((candidate) => candidate.name === name)
        : undefined;
    if (!argument) return [];
    variables.set(name, String(argument.type));
    notes.add(`with ${coordinate} as variable $${name}: ${argument.type}, which the client has to give`);
    return [name];
  });
  if (names.length === 0) return node;
  const given = names.map((name) => ({
    kind: Kind.ARGUMENT as const,
    name: { kind: Kind.NAME as const, value: name },
    value: { kind: Kind.VARIABLE as const, name: { kind: Kind.NAME as const, value: name } },
  }));
  return { ...node, arguments: [...(node.arguments ?? []), ...given] };
}

function withVariables(document: DocumentNode, variables: ReadonlyMap<string, string>): DocumentNode {
  if (variables.size === 0) return document;
  return visit(document, {
    OperationDefinition: (node): OperationDefinitionNode => ({
      ...node,
      variableDefinitions: [
        ...(node.variableDefinitions ?? []),
        ...[...variables].map(([name, type]) => ({
          kind: Kind.VARIABLE_DEFINITION as const,
          variable: { kind: Kind.VARIABLE as const, name: { kind: Kind.NAME as const, value: name } },
          type: parseType(type),
        })),
      ],
    }),
  });
}

function withoutUnusedVariables(document: DocumentNode): DocumentNode {
  const used = new Set<string>();
  visit(document, { VariableDefinition: () => false, Variable: (node) => void used.add(node.name.value) });
  return visit(document, {
    VariableDefinition: (node) => (used.has(node.variable.name.value) ? undefined : null),
  });
}

/** Taking fields away can leave a selection with nothing in it. */
function isWhole(document: DocumentNode): boolean {
  let whole = true;
  visit(document, {
    SelectionSet: (node: ASTNode) => {
      if (node.kind === Kind.SELECTION_SET && node.selections.length === 0) whole = false;
    },
  });
  return whole;
}
