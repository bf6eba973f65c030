/** What a scope allows, by the name that `@requiresScopes` uses. docs/access.md lists them for people. */
export const SCOPES = {
  'customer-data:read': 'addresses of customers',
  'orders:hold': 'stop an order, and let it go on',
  'returns:process': 'permit and receive returns, after which money is given back',
  'stock:adjust': 'change what is on hand',
  'exceptions:resolve': 'retry and dismiss failures between systems',
  'settlements:process': 'take in settlements and decide about differences',
} as const satisfies Record<string, string>;

export type Scope = keyof typeof SCOPES;

const BY_CONTRACT: Readonly<Record<string, readonly Scope[]>> = {
  storefront: ['customer-data:read'],
  'point-of-sale': ['customer-data:read', 'returns:process'],
  marketplace: ['customer-data:read'],
  'business-to-business': ['customer-data:read'],
  warehouse: ['customer-data:read', 'returns:process', 'stock:adjust'],
  finance: ['settlements:process'],
  operations: Object.keys(SCOPES) as Scope[],
};

/** Scopes of an API key that was given none of its own: what the work behind its contracts takes. */
export function usualScopes(contracts: readonly string[]): Scope[] {
  return [...new Set(contracts.flatMap((contract) => BY_CONTRACT[contract] ?? []))];
}
