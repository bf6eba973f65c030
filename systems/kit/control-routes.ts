import { z } from 'zod';
import type { CallCounts } from './call-counts.ts';
import { type FaultBook, faultRule } from './fault-rules.ts';
import { type Route, route } from './route.ts';

/** Routes that every reference system has for its operators and tests. Faults never hit them. */
export function controlRoutes(options: {
  readonly faults: FaultBook;
  readonly calls: CallCounts;
  effects(): Promise<Readonly<Record<string, number>>>;
}): Route[] {
  const rules = z.union([faultRule.transform((rule) => [rule]), z.array(faultRule)]);
  return [
    route({ method: 'GET', path: '/_health', handle: async () => ({ body: { status: 'up' } }) }),
    route({
      method: 'POST',
      path: '/_faults',
      body: rules,
      async handle({ body }) {
        options.faults.set(body);
        return { body: { rules: options.faults.list() } };
      },
    }),
    route({ method: 'GET', path: '/_faults', handle: async () => ({ body: { rules: options.faults.list() } }) }),
    route({
      method: 'DELETE',
      path: '/_faults',
      async handle() {
        options.faults.clear();
        return { body: { rules: [] } };
      },
    }),
    route({
      method: 'GET',
      path: '/_stats',
      handle: async () => ({ body: { calls: options.calls.all(), effects: await options.effects() } }),
    }),
  ];
}
