import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { type ASTNode, type DocumentNode, Kind, parse, print, visit } from 'graphql';
import { projectFile } from '../../platform/paths.ts';
import { readSupergraphConfig } from '../../registry/supergraph-config.ts';

const schemas = readSupergraphConfig().map(({ name, file }) => ({
  name,
  document: parse(readFileSync(projectFile(file), 'utf8')),
}));
const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);
const DESCRIBED = new Set<string>([
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
  Kind.SCALAR_TYPE_DEFINITION,
  Kind.FIELD_DEFINITION,
  Kind.INPUT_VALUE_DEFINITION,
  Kind.ENUM_VALUE_DEFINITION,
]);

function undescribed(document: DocumentNode): string[] {
  const missing: string[] = [];
  const path: string[] = [];
  const named = (node: ASTNode) => ('name' in node && node.name && 'value' in node.name ? node.name.value : '');
  visit(document, {
    enter(node) {
      if (!DESCRIBED.has(node.kind)) return;
      path.push(named(node));
      const described = 'description' in node && node.description && node.description.value.trim() !== '';
      if (!described && !ROOTS.has(path.join('.'))) missing.push(path.join('.'));
    },
    leave(node) {
      if (DESCRIBED.has(node.kind)) path.pop();
    },
  });
  return missing;
}

it.each(schemas)('every type, field, argument and enum value of $name is described', ({ document }) => {
  expect(undescribed(document)).toEqual([]);
});

it('sees what is not described', () => {
  expect(undescribed(parse('type Query { a(b: Int): Int } enum E { V }'))).toEqual([
    'Query.a',
    'Query.a.b',
    'E',
    'E.V',
  ]);
});

it('definitions that several subgraphs carry are the same in all', () => {
  const shared = parse(readFileSync(projectFile('schema', 'shared.graphql'), 'utf8'));
  const different: string[] = [];
  for (const definition of shared.definitions) {
    if (!('name' in definition) || !definition.name) continue;
    for (const { name, document } of schemas) {
      const copy = document.definitions.find(
        (other) => other.kind === definition.kind && 'name' in other && other.name?.value === definition.name?.value,
      );
      if (copy && print(copy) !== print(definition)) different.push(`${name}: ${definition.name.value}`);
    }
  }
  expect(different).toEqual([]);
});
