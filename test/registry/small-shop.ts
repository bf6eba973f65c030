import { readComposed } from '../../registry/api-schema.ts';
import type { Approval } from '../../registry/approvals.ts';
import { type CheckReport, check } from '../../registry/check/check.ts';
import { composeSupergraph, subgraphSources } from '../../registry/compose.ts';
import { parseContracts } from '../../registry/contracts.ts';
import type { RegistryFiles } from '../../registry/files.ts';
import { readOwners } from '../../registry/owners.ts';
import type { Release } from '../../registry/release.ts';
import { documentHash, type TrustedDocument } from '../../registry/trusted-documents.ts';
import type { UsageSnapshot } from '../../registry/usage.ts';
import type { PublishedVersion } from '../../registry/versions.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@tag", "@shareable", "@override", "@requires", "@external", "@requiresScopes", "@authenticated"])\n`;

/** A graph of two subgraphs with a description on everything, as it was published. */
export const SHOP: Readonly<Record<string, string>> = {
  'supergraph.yaml': `federation_version: =2.14.4
subgraphs:
  order: { routing_url: http://order.invalid/graphql, schema: { file: ./order.graphql } }
  stock: { routing_url: http://stock.invalid/graphql, schema: { file: ./stock.graphql } }
`,
  'order.graphql': `${LINK}
type Query {
  "One."
  order("Its id." id: ID!): Order @tag(name: "shop") @tag(name: "depot")
  "Found."
  search("Words." text: String!, "How many." first: Int = 10): [Hit!]! @tag(name: "desk")
}
"An order."
type Order @key(fields: "id") @tag(name: "shop") @tag(name: "depot") {
  "Id."
  id: ID!
  "What people call it."
  number: String!
  "Where it is."
  status: OrderStatus!
  "Whom it is for. Null when not given."
  recipient: String @requiresScopes(scopes: [["customer:read"]])
  "Why it waits. Null when it does not."
  hold: String @tag(name: "secret")
  "Lines."
  lines("How many." first: Int): [Line!]!
}
"Where an order is."
enum OrderStatus { "New." PLACED "Gone." SHIPPED "There." DELIVERED }
"A line."
type Line @key(fields: "sku") @tag(name: "shop") @tag(name: "depot") {
  "Item."
  sku: ID!
  "Units."
  quantity: Int!
}
"Something found."
union Hit = Order | Line
`,
  'stock.graphql': `${LINK}
"A line."
type Line @key(fields: "sku") @tag(name: "shop") @tag(name: "depot") {
  "Item."
  sku: ID!
  "Units on the shelf."
  onHand: Int!
}
`,
  'contracts.yaml': `version: 2026-11
contracts:
  shop: { description: The shop., include: [shop], exclude: [secret] }
  depot: { description: The depot., include: [depot], exclude: [secret] }
  desk: { description: Everything., include: all, exclude: [] }
`,
  'states.ts': `export const ORDER_MOVES = {
  PLACED: ['SHIPPED'],
  SHIPPED: ['DELIVERED'],
  DELIVERED: [],
} as const;
`,
  'schema/owners.yaml': `teams:
  orders: { name: Orders, contact: "#orders" }
  depot: { name: Depot, contact: "#depot" }
  web: { name: Web, contact: "#web" }
subgraphs: { order: orders, stock: depot }
`,
};

export const ORDER_PAGE = `query OrderPage($id: ID!) {
  order(id: $id) { number status lines { sku quantity onHand } }
}`;
const PICK_LIST = 'query PickList($id: ID!) { order(id: $id) { id lines(first: 5) { sku onHand } } }';

export function trusted(client: string, contract: string, text: string, version = '2026-11'): TrustedDocument {
  const operation = /(?:query|mutation|subscription) (\w+)/.exec(text)?.[1] ?? '';
  return {
    client,
    owner: 'web',
    sha256: documentHash(text),
    operation,
    contract,
    version,
    clientVersions: ['4.2.0'],
    registered: '2026-11-27',
    text,
  };
}

export type Edits = readonly (readonly [file: string, from: string, to: string])[];

function edited(edits: Edits): Record<string, string> {
  const texts: Record<string, string> = { ...SHOP };
  for (const [file, from, to] of edits) {
    const text = texts[file] ?? '';
    if (from !== '' && !text.includes(from)) throw new Error(`${from} is not in ${file}`);
    texts[file] = from === '' ? to : text.replace(from, to);
  }
  return texts;
}

const inMemory = (texts: Readonly<Record<string, string>>): RegistryFiles => ({
  name: 'the test',
  read: (path) => texts[path] ?? null,
  readBytes: () => null,
  list: () => [],
});

interface Around {
  readonly documents?: readonly TrustedDocument[];
  readonly approvals?: readonly Approval[];
  readonly usage?: UsageSnapshot;
  readonly versions?: readonly PublishedVersion[];
  /** Published API schemas of older versions, by path. */
  readonly published?: Readonly<Record<string, string>>;
  readonly base?: Edits;
  readonly change?: (next: Release) => Release;
}

export function releaseOf(edits: Edits = []): Release {
  const texts = edited(edits);
  const composition = composeSupergraph(inMemory(texts));
  if (composition.kind === 'failed') throw new Error(composition.errors.join('\n'));
  return {
    name: 'the shop',
    graph: readComposed(composition.supergraphSdl),
    contracts: parseContracts(texts['contracts.yaml'] ?? ''),
    states: { OrderStatus: { PLACED: ['SHIPPED'], SHIPPED: ['DELIVERED'], DELIVERED: [] } },
    events: {},
  };
}

/** Checks the shop with some edits against the shop as it was. */
export function checkShop(edits: Edits, around: Around = {}): CheckReport {
  const files = inMemory({ ...edited(edits), ...around.published });
  const next = releaseOf(edits);
  return check({
    files,
    base: releaseOf(around.base),
    next: around.change?.(next) ?? next,
    sources: subgraphSources(files),
    versions: around.versions ?? [],
    documents: around.documents ?? [trusted('web-shop', 'shop', ORDER_PAGE), trusted('scanner', 'depot', PICK_LIST)],
    owners: readOwners(files),
    approvals: around.approvals ?? [],
    usage: around.usage ?? null,
    hints: [],
    stateTables: { OrderStatus: { file: 'states.ts', name: 'ORDER_MOVES' } },
    now: new Date('2026-12-01T12:00:00Z'),
  });
}
