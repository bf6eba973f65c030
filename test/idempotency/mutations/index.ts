import type { MutationCases } from '../mutation-case.ts';
import { fulfillment } from './fulfillment.ts';
import { inventory } from './inventory.ts';
import { operations } from './operations.ts';
import { order } from './order.ts';
import { settlement } from './settlement.ts';

/** How each mutation of the graph is called; one file per subgraph. */
export const mutationCases: MutationCases = { ...fulfillment, ...inventory, ...operations, ...order, ...settlement };
