import { expect, it } from '@jest/globals';
import { composeTiny } from '../test/helpers/live-graph.ts';
import { readSupergraph } from './read-supergraph.ts';

it('reads a supergraph once for as long as it stays the same, with what was planned for it', () => {
  const text = composeTiny();
  const first = readSupergraph(text);
  // Compared here: to print the difference of two supergraphs takes minutes.
  expect(readSupergraph(text) === first).toBe(true);
  const next = readSupergraph(`${text}\n# next`);
  expect(next.planner === first.planner).toBe(false);
  expect(() => readSupergraph('type Query { it: Int }')).toThrow();
  expect(readSupergraph(`${text}\n# next`) === next).toBe(true);
});
