/** A tab of the explorer: a document that can be run as it stands. */
export interface FirstQuery {
  readonly query: string;
}

/** What the explorer shows first, by contract. Each must be valid in its contract: a test holds them to it. */
export const FIRST_QUERIES: Readonly<Record<string, readonly FirstQuery[]>> = {
  storefront: [
    {
      query: `# Welcome. This is the storefront's contract: run it with the triangle or Ctrl-Enter.
# The key under "Headers" decides which contract you speak.
query Products {
  products(first: 5) {
    nodes {
      handle
      title
      variants(first: 3) {
        nodes {
          sku
          price { amount { amount currencyCode } }
          availability { status sellableQuantity asOf confidence }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    },
    {
      query: `# Stays open and shows every change of stock.
subscription WatchStock {
  inventoryChanged(skus: ["71053"]) {
    sequence
    snapshot
    sku
    variant { title availability { status sellableQuantity asOf } }
  }
}
`,
    },
  ],
  'point-of-sale': [{ query: 'query Stores {\n  locations(kind: STORE) { id code name }\n}\n' }],
  marketplace: [
    {
      query: `query InventoryFeed {
  products(first: 10) {
    nodes { id variants(first: 5) { nodes { sku availability { status sellableQuantity } } } }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    },
  ],
  'business-to-business': [
    { query: 'query Orders {\n  orders(first: 10) { nodes { number status placedAt } pageInfo { hasNextPage } }\n}\n' },
  ],
  warehouse: [
    {
      query: `query PickQueue {
  fulfillmentOrders(first: 10) {
    nodes { id status requestStatus location { code } lines { sku quantity remaining } }
  }
}
`,
    },
  ],
  finance: [
    {
      query: `query Journal {
  journalEntries(first: 10) {
    nodes { number postedAt description lines { account side amount { amount currencyCode } } }
  }
}
`,
    },
  ],
  operations: [
    {
      query: `query Overview {
  systems { code name circuit lastSuccessAt }
  orders(first: 10) { nodes { number status channel { code } } }
}
`,
    },
  ],
};
