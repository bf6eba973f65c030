import { expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { readRules } from './read-rules.ts';

const rulesOf = (links: string, types: string) =>
  Object.fromEntries(readRules(parse(`schema ${links} { query: Query } ${types}`)));
const url = (name: string) => `https://specs.apollo.dev/${name}/v0.1`;

it('reads rules of types, fields, enums and scalars', () => {
  const links = ['authenticated', 'requiresScopes', 'policy'].map(
    (name) => `@link(url: "${url(name)}", for: SECURITY)`,
  );
  expect(
    rulesOf(
      links.join(' '),
      `type Query @authenticated { a: Int @requiresScopes(scopes: [["x", "y"], ["z"]]) b: Int }
       enum E @authenticated { V } scalar S @policy(policies: [["back-office"]])`,
    ),
  ).toEqual({
    Query: [{ kind: 'authenticated' }],
    'Query.a': [{ kind: 'requiresScopes', anyOf: [['x', 'y'], ['z']] }],
    E: [{ kind: 'authenticated' }],
    S: [{ kind: 'policy', anyOf: [['back-office']] }],
  });
});

it.each([
  ['as', `@link(url: "${url('requiresScopes')}", as: "needs")`, '@needs'],
  ['import', `@link(url: "${url('requiresScopes')}", import: [{ name: "@requiresScopes", as: "@needs" }])`, '@needs'],
  ['no change of name', `@link(url: "${url('requiresScopes')}", import: ["@requiresScopes"])`, '@requiresScopes'],
])('knows a rule by its specification, not its name: %s', (_, link, directive) => {
  expect(rulesOf(link, `type Query { a: Int ${directive}(scopes: [["x"]]) }`)).toEqual({
    'Query.a': [{ kind: 'requiresScopes', anyOf: [['x']] }],
  });
});

it('does not take a directive of the same name from elsewhere for a rule', () => {
  expect(
    rulesOf('@link(url: "https://example.com/policy/v0.1")', 'type Query { a: Int @policy(policies: [["x"]]) }'),
  ).toEqual({});
});

it('refuses what it could not enforce', () => {
  const link = `@link(url: "${url('policy')}")`;
  expect(() => rulesOf(link, 'type Query { a: Int @policy(policies: [["moon-phase"]]) }')).toThrow(
    'Query.a names the policy "moon-phase", which is not known',
  );
  expect(() => rulesOf(link, 'type Query { a: Int @policy(policies: "x") }')).toThrow(/no list of lists/);
});
