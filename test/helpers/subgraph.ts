import type { Caller, Channel } from '../../platform/caller.ts';
import { execute, type SubgraphAnswer } from '../../platform/graphql/execute.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';

export const webChannel: Channel = {
  code: 'WEB',
  kind: 'STOREFRONT',
  name: 'Web shop',
  priceList: 'WEB',
  currencyCode: 'GBP',
  safetyStock: 0,
  acknowledgementHours: null,
};

/** A storefront caller; pass what differs. */
export function callerOf(overrides: Partial<Caller> = {}): Caller {
  return {
    contract: 'storefront',
    clientId: 'test-storefront',
    channel: webChannel,
    customerId: null,
    scopes: ['customer-data:read'],
    traceId: '0'.repeat(32),
    ...overrides,
  };
}

/** Runs an operation on one subgraph, as the gateway would. */
export function ask(
  subgraph: Subgraph,
  query: string,
  variables: Record<string, unknown> = {},
  caller: Caller = callerOf(),
): Promise<SubgraphAnswer> {
  return execute(subgraph, { query, variables, caller, signal: new AbortController().signal });
}

/** Resolves entities by representation and returns the `_entities` list. */
export async function askEntities(
  subgraph: Subgraph,
  representations: readonly Record<string, unknown>[],
  selection: string,
  caller: Caller = callerOf(),
): Promise<SubgraphAnswer> {
  const type = String(representations[0]?.__typename);
  return ask(
    subgraph,
    `query($r: [_Any!]!) { _entities(representations: $r) { ... on ${type} ${selection} } }`,
    { r: representations },
    caller,
  );
}
