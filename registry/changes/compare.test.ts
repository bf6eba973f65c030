import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, findBreakingChanges, type GraphQLSchema, parse, print, visit } from 'graphql';
import { projectFile } from '../../platform/paths.ts';
import { compareSchemas } from './compare.ts';
import { CHANGE_RULES } from './rules.ts';

const base = `
  interface Thing { id: ID! }
  type Book implements Thing { id: ID! title: String! pages(unit: Unit = SHEET, from: Int): Int authors: [Author!]! cover: Cover }
  type Author { name: String books(first: Int!): [Book] }
  type Paper { weight: Int }
  type Linen { colour: String }
  union Cover = Paper | Linen
  enum Unit { SHEET SIDE }
  enum Order { TITLE PAGES }
  input Filter { title: String author: String! limit: Int = 10 }
  type Query { books(filter: Filter, order: Order): [Book!] thing(id: ID!): Thing unit: Unit }
`;
const changes = (...edits: [string, string][]) => {
  const after = edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${from} is not in the schema`);
    return text.replace(from, to);
  }, base);
  return compareSchemas(buildSchema(base), buildSchema(after)).map(({ kind, coordinate }) => `${kind} ${coordinate}`);
};

describe('a change of a schema', () => {
  it.each<[string, string, string[]]>([
    ['title: String! ', '', ['FIELD_REMOVED Book.title']],
    ['title: String! ', 'title: String! isbn: String ', ['FIELD_ADDED Book.isbn']],
    ['title: String! ', 'title: String ', ['FIELD_BECAME_NULLABLE Book.title']],
    ['title: String! ', 'title: Int! ', ['FIELD_TYPE_CHANGED Book.title']],
    ['cover: Cover ', 'cover: Cover! ', ['FIELD_BECAME_NON_NULL Book.cover']],
    ['authors: [Author!]!', 'authors: [Author!]', ['FIELD_BECAME_NULLABLE Book.authors']],
    ['authors: [Author!]!', 'authors: [Author]!', ['FIELD_BECAME_NULLABLE Book.authors']],
    ['authors: [Author!]!', 'authors: Author!', ['FIELD_TYPE_CHANGED Book.authors']],
    ['[Book!] thing', '[Book]! thing', ['FIELD_TYPE_CHANGED Query.books']],
    [', from: Int', '', ['ARGUMENT_REMOVED Book.pages(from:)']],
    [', from: Int', ', from: Int, to: Int!', ['REQUIRED_ARGUMENT_ADDED Book.pages(to:)']],
    [', from: Int', ', from: Int, to: Int! = 1', ['OPTIONAL_ARGUMENT_ADDED Book.pages(to:)']],
    [', from: Int', ', from: Int!', ['ARGUMENT_BECAME_REQUIRED Book.pages(from:)']],
    [', from: Int', ', from: String', ['ARGUMENT_TYPE_CHANGED Book.pages(from:)']],
    ['first: Int!', 'first: Int', ['ARGUMENT_BECAME_OPTIONAL Author.books(first:)']],
    ['unit: Unit = SHEET', 'unit: Unit = SIDE', ['ARGUMENT_DEFAULT_CHANGED Book.pages(unit:)']],
    ['unit: Unit = SHEET', 'unit: Unit', ['ARGUMENT_DEFAULT_CHANGED Book.pages(unit:)']],
    ['unit: Unit = SHEET', 'unit: Unit! = SHEET', ['ARGUMENT_TYPE_CHANGED Book.pages(unit:)']],
    ['unit: Unit = SHEET', 'unit: Unit!', ['ARGUMENT_BECAME_REQUIRED Book.pages(unit:)']],
    ['title: String author', 'author', ['INPUT_FIELD_REMOVED Filter.title']],
    ['author: String! limit', 'author: String! publisher: ID! limit', ['REQUIRED_INPUT_FIELD_ADDED Filter.publisher']],
    ['author: String! limit', 'author: String! publisher: ID limit', ['OPTIONAL_INPUT_FIELD_ADDED Filter.publisher']],
    ['author: String!', 'author: String', ['INPUT_FIELD_BECAME_OPTIONAL Filter.author']],
    ['limit: Int = 10', 'limit: Int!', ['INPUT_FIELD_BECAME_REQUIRED Filter.limit']],
    ['limit: Int = 10', 'limit: Int = 20', ['INPUT_FIELD_DEFAULT_CHANGED Filter.limit']],
    ['SHEET SIDE', 'SHEET SIDE LEAF', ['ENUM_VALUE_ADDED Unit.LEAF']],
    ['TITLE PAGES', 'TITLE', ['ENUM_VALUE_REMOVED Order.PAGES']],
    ['TITLE PAGES', 'TITLE PAGES AUTHOR', ['INPUT_ENUM_VALUE_ADDED Order.AUTHOR']],
    ['Paper | Linen', 'Paper', ['UNION_MEMBER_REMOVED Cover']],
    ['Paper | Linen', 'Paper | Linen | Author', ['UNION_MEMBER_ADDED Cover']],
    ['Book implements Thing', 'Book', ['INTERFACE_REMOVED Book']],
    ['type Linen {', 'type Linen implements Thing { id: ID!', ['INTERFACE_ADDED Linen', 'FIELD_ADDED Linen.id']],
    ['type Linen {', 'type Map implements Thing { id: ID! } type Linen {', ['TYPE_ADDED Map', 'INTERFACE_ADDED Map']],
    ['type Linen {', 'directive @new on FIELD type Linen {', ['DIRECTIVE_ADDED @new']],
    ['type Paper { weight: Int }', 'scalar Paper', ['TYPE_KIND_CHANGED Paper']],
    ['pages(', '"How many." pages(', ['DESCRIPTION_CHANGED Book.pages']],
    ['cover: Cover ', 'cover: Cover @deprecated(reason: "Use jacket.") ', ['DEPRECATED Book.cover']],
  ])('%s → %s is %j', (from, to, expected) => {
    // A union cannot hold a scalar: the one edit that needs a second.
    const edits: [string, string][] =
      to === 'scalar Paper'
        ? [
            [from, to],
            ['Paper | Linen', 'Linen'],
          ]
        : [[from, to]];
    expect(changes(...edits)).toEqual([...expected, ...(edits.length === 2 ? ['UNION_MEMBER_REMOVED Cover'] : [])]);
  });
});

/** A schema in which every line is an element. */
const bare = (text: string) =>
  print(
    visit(parse(text), { enter: (node) => ('description' in node ? { ...node, description: undefined } : undefined) }),
  );

/** A schema with lines of its text taken away or made nullable, as far as it is still a schema. */
function mutated(text: string, picks: readonly number[]): GraphQLSchema | null {
  const lines = text.split('\n');
  for (const pick of picks) {
    const at = pick % lines.length;
    const line = lines[at] ?? '';
    if (/^\s+\w+(\(.*\))?: /.test(line))
      lines[at] = pick % 3 === 0 ? '' : pick % 3 === 1 ? line.replace(/!$/, '') : `${line.replace(/!$/, '')}!`;
    else if (/^ {2}[A-Z_]+$/.test(line)) lines[at] = pick % 2 === 0 ? '' : `${line}\n  ADDED`;
    else lines[at] = line.replace('!)', ')').replace(/: (Int|String|ID)\)/, ': $1!)');
  }
  try {
    return buildSchema(lines.join('\n'));
  } catch {
    return null;
  }
}

it('finds every breaking change that graphql-js finds, on the real graph', () => {
  const text = bare(readFileSync(projectFile('schema', 'api', 'storefront', '2026-11.graphql'), 'utf8'));
  const before = buildSchema(text);
  let broken = 0;
  fc.assert(
    fc.property(fc.array(fc.nat(100_000), { minLength: 1, maxLength: 6 }), (picks) => {
      const after = mutated(text, picks);
      if (!after) return;
      const theirs = findBreakingChanges(before, after).length;
      broken += theirs;
      const ours = compareSchemas(before, after).filter(
        ({ kind }) => CHANGE_RULES[kind].severity === 'breaking',
      ).length;
      // graphql-js reports an argument that became required as one change, as we do; so the numbers are comparable.
      if (ours !== theirs) throw new Error(`${ours} ours, ${theirs} of graphql-js`);
    }),
    { numRuns: 60, seed: 11 },
  );
  // How many there are depends on the graph; that there are many shows that something was compared.
  expect(broken).toBeGreaterThan(40);
});

it('finds nothing between a schema and itself', () => {
  expect(changes()).toEqual([]);
});
