import { expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import { guardAliases, plannedNames, restoreNames, restorePath } from './alias-guard.ts';

const supergraph = parse(`
  type Product
    @join__type(graph: A, key: "id")
    @join__type(graph: B, key: "sku origin { country }", resolvable: false) {
    weight(unit: String): Int @join__field(graph: A)
    cost: Int @join__field(graph: B, requires: "weight(unit: \\"G\\") ... on Product { size }")
  }
`);

it('finds every name that a plan may fetch by itself', () => {
  expect([...plannedNames(supergraph)].sort()).toEqual([
    '__typename',
    'country',
    'id',
    'origin',
    'size',
    'sku',
    'weight',
  ]);
});

it('renames only fields that answer under such a name without being that field as the planner asks for it', () => {
  const names = new Set(['id', 'weight']);
  const document = parse('{ a: id id b: weight weight(unit: "KG") id: name weight: name guarded0_x: name }');
  const guarded = guardAliases(document, names);
  expect(print(guarded.document).replace(/\s+/g, ' ')).toBe(
    '{ a: id id b: weight guarded1_weight: weight(unit: "KG") guarded1_id: name guarded1_weight: name guarded0_x: name }',
  );
  expect(Object.fromEntries(guarded.renames)).toEqual({ guarded1_weight: 'weight', guarded1_id: 'id' });
});

it('gives the very same document back when nothing is in the way', () => {
  const document = parse('{ id name: title }');
  expect(guardAliases(document, new Set(['id'])).document).toBe(document);
});

it('restores names at every depth, and in paths', () => {
  const renames = new Map([['guarded0_id', 'id']]);
  const data = { list: [{ guarded0_id: 1 }, null, { deep: { guarded0_id: [1, 'guarded0_id'] } }] };
  expect(JSON.stringify(restoreNames(data, renames))).toBe(
    '{"list":[{"id":1},null,{"deep":{"id":[1,"guarded0_id"]}}]}',
  );
  expect(restorePath(['list', 0, 'guarded0_id'], renames)).toEqual(['list', 0, 'id']);
  expect(restoreNames(data, new Map())).toBe(data);
});
