import { describe, expect, it } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import { fragmentBombs } from '../../test/gateway/fragment-bombs.ts';
import { operationSize } from './document-size.ts';

const sizeOf = (text: string) => {
  const document = parse(text);
  const operation = getOperationAST(document);
  return operation && operationSize(document, operation);
};

describe('the size of an operation', () => {
  it('counts what is written', () => {
    expect(sizeOf('query ($a: ID @x) @x { one: a @x { b { c } } ... @x { a { ...on T @x { c } } } }')).toEqual({
      rootFields: 2,
      depth: 3,
      introspectionDepth: 0,
      fields: 5,
      aliases: 1,
      aliasesPerField: 1,
      directives: 5,
    });
  });

  it('counts a fragment as often as it is spread, where it is spread', () => {
    const text =
      '{ ...R a { ...F b { ...F } } } fragment R on Q { x: a { ...F } } fragment F on T { y: c @d z: c { e } }';
    expect(sizeOf(text)).toEqual({
      rootFields: 2,
      depth: 4,
      introspectionDepth: 0,
      fields: 3 + 3 * 3,
      aliases: 1 + 3 * 2,
      aliasesPerField: 6,
      directives: 3,
    });
  });

  it('counts levels below __schema and __type by themselves', () => {
    const text =
      '{ __schema { types { ...T } } a { b } } fragment T on __Type { ofType { ...U } } fragment U on __Type { name }';
    expect(sizeOf(text)).toMatchObject({ depth: 2, introspectionDepth: 4 });
    expect(sizeOf('{ ...S } fragment S on Query { __type(name: "A") { ofType { name } } }')).toMatchObject({
      depth: 1,
      introspectionDepth: 3,
    });
  });

  it('does not count fragments that the operation does not reach', () => {
    expect(sizeOf('{ a } fragment F on T { b c d }')).toMatchObject({ fields: 1 });
  });

  it.each(['{ ...A } fragment A on Q { ...A }', '{ ...A } fragment A on Q { a { ...B } } fragment B on Q { ...A }'])(
    'has none when fragments go round in a circle: %s',
    (text) => expect(sizeOf(text)).toBeNull(),
  );

  it.each(fragmentBombs())('is found by reading each selection of $name once', ({ text }) => {
    const document = parse(text);
    const operation = getOperationAST(document);
    let written = 0;
    let read = 0;
    const count = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [name, value] of Object.entries(node)) {
        if (name === 'loc') continue;
        if (name === 'selections') {
          written++;
          Object.defineProperty(node, name, {
            get: () => {
              read++;
              return value;
            },
          });
        }
        count(value);
      }
    };
    count(document);
    if (operation) operationSize(document, operation);
    expect(written).toBeGreaterThan(1);
    expect(read).toBeLessThanOrEqual(written);
  });
});
