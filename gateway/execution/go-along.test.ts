import type { PlanNode } from '@apollo/query-planner';
import { expect, it } from '@jest/globals';
import { OperationTypeNode } from 'graphql';
import { goAlong } from './go-along.ts';

/** A fetch of entities, `<subgraph> <what>`. */
function asked(name: string): PlanNode {
  const fetch = {
    kind: 'Fetch' as const,
    serviceName: name.split(' ')[0] ?? '',
    requires: [],
    operation: name,
    operationName: undefined,
    operationKind: OperationTypeNode.QUERY,
  };
  return { kind: 'Flatten', path: ['items', '@'], node: fetch };
}
const after = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Sequence', nodes });
const beside = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Parallel', nodes });

it('sends what nobody waits for with a later request to its subgraph', () => {
  const [weights, shipping, onHand, names] = ['goods weight', 'stock shipping', 'stock onHand', 'people name'].map(
    asked,
  );
  if (!weights || !shipping || !onHand || !names) throw new Error('not all there');
  expect(goAlong([after(weights, shipping), onHand, names])).toEqual([after(weights, beside(shipping, onHand)), names]);
});

it('lets begin at once what others wait for, and what goes to the same subgraph with it', () => {
  const nodes = [
    after(asked('goods weight'), asked('stock shipping')),
    after(asked('stock place'), asked('people keeper')),
    asked('stock onHand'),
  ];
  expect(goAlong(nodes)).toEqual(nodes);
});

it('lets nobody wait for more than one step', () => {
  const nodes = [after(asked('goods weight'), asked('people keeper'), asked('stock shipping')), asked('stock onHand')];
  expect(goAlong(nodes)).toEqual(nodes);
});

it('takes what runs side by side in a part of it for its own', () => {
  expect(goAlong([beside(asked('stock onHand'), asked('people name')), asked('goods weight')])).toEqual([
    asked('stock onHand'),
    asked('people name'),
    asked('goods weight'),
  ]);
});
