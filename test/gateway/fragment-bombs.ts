/** A small document that becomes enormous, or at least expensive, when its fragments are followed. */
export interface FragmentBomb {
  readonly name: string;
  readonly text: string;
  /** The refusal: a limit, or a code. */
  readonly refusedBy: string;
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/**
 * One generator for each way that we know of. Written for the graph of test/helpers/live-graph.ts, whose types are real
 * so that nothing but the guards can be what refuses them.
 */
export function fragmentBombs(): readonly FragmentBomb[] {
  return [
    { name: 'doubling, 2^25 fields', text: doubling(25), refusedBy: 'fields' },
    { name: 'doubling, 2^60 fields', text: doubling(60), refusedBy: 'fields' },
    { name: 'tenfold, 10^20 fields', text: chain(20, (next) => `...${next} `.repeat(10)), refusedBy: 'fields' },
    { name: 'wide, one fragment a hundred times', text: wide(), refusedBy: 'fields' },
    { name: 'deep, a level for each fragment', text: deep(), refusedBy: 'depth' },
    {
      name: 'aliased twice at each level',
      text: chain(14, (next) => `a: shipments { ...${next} } b: shipments { ...${next} }`),
      refusedBy: 'fields',
    },
    {
      name: 'inline fragments around each spread',
      text: chain(25, (next) => `... { ... { ...${next} } } ... on Order { ...${next} }`),
      refusedBy: 'fields',
    },
    {
      name: 'two ladders that cross',
      text: chain(24, (next, after) => `...${next} ...${after}`),
      refusedBy: 'fields',
    },
    {
      name: 'with a directive on every spread',
      text: chain(25, (next) => `...${next} @include(if: true) ...${next} @skip(if: false)`),
      refusedBy: 'fields',
    },
    {
      name: 'behind variables that leave everything out',
      text: doubling(25, 'query ($no: Boolean!)', '@include(if: $no)'),
      refusedBy: 'fields',
    },
    { name: 'in a mutation', text: doubling(25, 'mutation', '', 'orderTouch'), refusedBy: 'fields' },
    { name: 'in a subscription', text: subscriptionBomb(), refusedBy: 'fields' },
    { name: 'in introspection', text: introspectionBomb(), refusedBy: 'fields' },
    {
      name: 'mutual, without an end',
      text: 'query { order(id: "o1") { ...A } } fragment A on Order { ...B ...B } fragment B on Order { ...A ...A }',
      refusedBy: 'GRAPHQL_VALIDATION_FAILED',
    },
    {
      name: 'mutual, around a bomb',
      text: doubling(25).replace('...F0', '...Z ...F0').concat(' fragment Z on Order { ...F0 ...Z }'),
      refusedBy: 'GRAPHQL_VALIDATION_FAILED',
    },
    {
      name: 'second of two operations',
      text: `query Harmless { order(id: "o1") { id } } ${doubling(25, 'query Bomb')}`,
      refusedBy: 'fields',
    },
    { name: 'of directives only', text: directiveBomb(), refusedBy: 'directives' },
    { name: 'of aliases only', text: aliasBomb(), refusedBy: 'aliases' },
  ];
}

/** F0 spreads F1 twice, which spreads F2 twice, and so on. */
function doubling(levels: number, operation = 'query', directive = '', root = 'order'): string {
  const fragments = range(levels).map((n) => `fragment F${n} on Order { ...F${n + 1} ${directive} ...F${n + 1} }`);
  const last = `fragment F${levels} on Order { id }`;
  return [`${operation} { ${root}(id: "o1") { ...F0 } }`, ...fragments, last].join('\n');
}

/** Like doubling, with a body of one's own for each level. */
function chain(levels: number, body: (next: string, afterNext: string) => string): string {
  const fragments = range(levels).map((n) => `fragment F${n} on Order { ${body(`F${n + 1}`, `F${n + 2}`)} }`);
  const last = [levels, levels + 1].map((n) => `fragment F${n} on Order { id }`);
  return ['query { order(id: "o1") { ...F0 } }', ...fragments, ...last].join('\n');
}

function wide(): string {
  return `query { order(id: "o1") { ${'...F '.repeat(100)} } } fragment F on Order { ${'id '.repeat(50)} }`;
}

function deep(): string {
  const fragments = range(20).map((n) => `fragment F${n} on Order { shipments { ...F${n + 1} } }`);
  return ['query { order(id: "o1") { ...F0 } }', ...fragments, 'fragment F20 on Order { id }'].join('\n');
}

function subscriptionBomb(): string {
  const fragments = range(25).map((n) => `fragment F${n} on Order { ...F${n + 1} ...F${n + 1} }`);
  const start = 'subscription { orderStatusChanged(orderId: "o1") { order { ...F0 } } }';
  return [start, ...fragments, 'fragment F25 on Order { id }'].join('\n');
}

function introspectionBomb(): string {
  const fragments = range(25).map((n) => `fragment F${n} on __Type { ...F${n + 1} ...F${n + 1} }`);
  return ['query { __schema { types { ...F0 } } }', ...fragments, 'fragment F25 on __Type { name }'].join('\n');
}

function directiveBomb(): string {
  const spreads = '...F '.repeat(11);
  return `query { order(id: "o1") { ${spreads} } } fragment F on Order { id @include(if: true) }`;
}

function aliasBomb(): string {
  return `query { order(id: "o1") { ${'...F '.repeat(8)} } } fragment F on Order { one: id two: number }`;
}
