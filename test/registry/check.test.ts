import { describe, expect, it } from '@jest/globals';
import { contractApi } from '../../registry/api-schema.ts';
import { fails } from '../../registry/check/finding.ts';
import { textReport } from '../../registry/report/text.ts';
import { checkShop, type Edits, ORDER_PAGE, releaseOf, trusted } from './small-shop.ts';

const ORDER = 'order.graphql';
const brief = (...parameters: Parameters<typeof checkShop>) =>
  checkShop(...parameters).findings.map(({ rule, coordinate, severity, contracts, affected }) =>
    `${severity} ${rule} ${coordinate} [${contracts}] ${affected.map(({ client, operation }) => `${client}/${operation}`)}`.trim(),
  );

const RENAME: Edits = [[ORDER, 'number: String!', 'orderNumber: String!']];

describe('a change of the graph', () => {
  it('that renames a field is refused, names who breaks and proves what they can send instead', () => {
    const report = checkShop(RENAME);
    expect(report.passed).toBe(false);
    const [removed] = report.findings;
    expect(removed).toMatchObject({
      rule: 'FIELD_REMOVED',
      coordinate: 'Order.number',
      contracts: ['shop/2026-11', 'depot/2026-11', 'desk/2026-11'],
      owners: ['orders'],
      source: { file: ORDER, line: 11 },
    });
    expect(
      removed?.affected.map(({ client, clientVersions, operation, contact }) => [
        client,
        clientVersions,
        operation,
        contact,
      ]),
    ).toEqual([['web-shop', ['4.2.0'], 'OrderPage', '#web']]);
    expect(removed?.affected[0]?.suggestion?.document.replaceAll(/\s+/g, ' ')).toBe(
      'query OrderPage($id: ID!) { order(id: $id) { number: orderNumber status lines { sku quantity onHand } } }',
    );
    const text = textReport(report, (_, word) => word, false);
    expect(text).toMatch(/^Failed: 1 that must not go live/);
    expect(text.indexOf('can send instead')).toBeGreaterThan(text.lastIndexOf('No usage was exported'));
    expect(text).not.toContain('not seen in recorded usage');
    expect(brief(RENAME)).toContain('safe FIELD_ADDED Order.orderNumber [shop/2026-11,depot/2026-11,desk/2026-11]');
  });

  it.each<[string, Edits, string[]]>([
    [
      'only moves a tag out of a contract',
      [[ORDER, 'number: String!', 'number: String! @tag(name: "secret")']],
      ['breaking HIDDEN_BY_TAG Order.number [shop/2026-11,depot/2026-11] web-shop/OrderPage'],
    ],
    [
      'only shows what was hidden',
      [[ORDER, 'hold: String @tag(name: "secret")', 'hold: String']],
      ['dangerous SHOWN_BY_TAG Order.hold [shop/2026-11,depot/2026-11]'],
    ],
    [
      'adds an enum value',
      [[ORDER, '"There." DELIVERED', '"There." DELIVERED "Gone." LOST']],
      [
        'breaking STATE_WITHOUT_TRANSITIONS OrderStatus.LOST [] web-shop/OrderPage',
        'dangerous ENUM_VALUE_ADDED OrderStatus.LOST [shop/2026-11,depot/2026-11,desk/2026-11] web-shop/OrderPage',
      ],
    ],
    [
      'adds a required argument',
      [[ORDER, 'order("Its id." id: ID!)', 'order("Its id." id: ID! "Which." region: String!)']],
      [
        'breaking REQUIRED_ARGUMENT_ADDED Query.order(region:) [shop/2026-11,depot/2026-11,desk/2026-11] web-shop/OrderPage,scanner/PickList',
      ],
    ],
    [
      'takes an access rule away',
      [[ORDER, ' @requiresScopes(scopes: [["customer:read"]])', '']],
      ['breaking ACCESS_RULE_REMOVED Order.recipient []'],
    ],
    [
      'loosens an access rule',
      [[ORDER, '[["customer:read"]]', '[["customer:read"], ["anyone"]]']],
      ['breaking ACCESS_RULE_WEAKENED Order.recipient []'],
    ],
    [
      'tightens an access rule',
      [[ORDER, '[["customer:read"]]', '[["customer:read", "staff"]]']],
      ['dangerous ACCESS_RULE_ADDED Order.recipient []'],
    ],
    [
      'would null lists of a contract that hides a member',
      [
        [ORDER, '@tag(name: "desk")', '@tag(name: "depot")'],
        [
          ORDER,
          '"A line."\ntype Line @key(fields: "sku") @tag(name: "shop") @tag(name: "depot")',
          '"A line."\ntype Line @key(fields: "sku") @tag(name: "shop") @tag(name: "secret")',
        ],
      ],
      ['breaking HIDDEN_MEMBER Query.search [depot/2026-11]'],
    ],
    [
      'adds without a description',
      [[ORDER, '  "Why it waits', '  colour: String\n  "Why it waits']],
      ['breaking DESCRIPTION_MISSING Order.colour []'],
    ],
    [
      'moves a contract to another set of tags',
      [['contracts.yaml', 'include: [depot]', 'include: [nothing]']],
      ['breaking HIDDEN_BY_TAG Query [depot/2026-11] scanner/PickList'],
    ],
    [
      'drops a contract',
      [['contracts.yaml', '  desk: { description: Everything., include: all, exclude: [] }\n', '']],
      ['breaking CONTRACT_REMOVED desk/2026-11 [desk/2026-11]'],
    ],
  ])('that %s is told as such', (_, edits, expected) => {
    const told = brief(edits);
    for (const line of expected) expect(told).toContain(line);
    expect(checkShop(edits).passed).toBe(expected.length > 0 && !expected.some((line) => line.startsWith('breaking')));
  });

  it('that a required argument asks for comes with a document that has it as a variable', () => {
    const report = checkShop([
      [ORDER, 'lines("How many." first: Int)', 'lines("How many." first: Int "Which." kind: String!)'],
    ]);
    const suggestion = report.findings[0]?.affected[0]?.suggestion;
    expect(suggestion?.document).toContain('query OrderPage($id: ID!, $kind: String!)');
    expect(suggestion?.document).toContain('lines(kind: $kind)');
  });

  it('that makes a plan three times as expensive is refused; one request more is not', () => {
    const moved = (...fields: string[]): Edits => [
      ...fields.map(
        (field) =>
          [
            `${field}.graphql`,
            '',
            `${SHOP_LINK}\n"An order."\ntype Order @key(fields: "id") @tag(name: "shop") @tag(name: "depot") {\n "Id."\n id: ID!\n "Moved."\n ${field}: String! @override(from: "order")\n}`,
          ] as const,
      ),
      [
        'supergraph.yaml',
        'subgraphs:',
        `subgraphs:${fields.map((field) => `\n  ${field}: { routing_url: http://${field}.invalid/graphql, schema: { file: ./${field}.graphql } }`).join('')}`,
      ],
    ];
    const wide: Edits = [
      [
        ORDER,
        'number: String!',
        'number: String!\n "A."\n colour: String!\n "B."\n size: String!\n "C."\n shape: String!',
      ],
    ];
    const page = ORDER_PAGE.replace('number', 'number colour size shape');
    const around = { base: wide, documents: [trusted('web-shop', 'shop', page)] };
    const three = checkShop([...wide, ...moved('number', 'colour', 'size', 'shape')], around);
    expect(three.findings.filter(fails)).toMatchObject([
      {
        rule: 'PLAN_OVER_BUDGET',
        message: 'OrderPage of web-shop needs 6 requests to subgraphs in 2 rounds, 2 before.',
        affected: [{ client: 'web-shop' }],
      },
    ]);
    const one = checkShop([...wide, ...moved('number')], around);
    expect(one.passed).toBe(true);
    expect(one.findings.map(({ rule }) => rule)).toContain('PLAN_COSTS_MORE');
  });

  it('that only adds is harmless', () => {
    const report = checkShop([
      [ORDER, '  "Why it waits', '  "Its colour. Null when it has none."\n  colour: String\n  "Why it waits'],
    ]);
    expect([report.passed, report.findings.map(({ severity }) => severity)]).toEqual([true, ['safe']]);
  });

  it('that changes nothing says nothing', () => {
    expect(checkShop([]).findings).toEqual([]);
  });

  it('of the states names the clients that read them', () => {
    const report = checkShop([], {
      change: (next) => ({ ...next, states: { OrderStatus: { PLACED: ['SHIPPED'], SHIPPED: [], DELIVERED: [] } } }),
    });
    expect(report.findings).toMatchObject([
      {
        rule: 'TRANSITION_REMOVED',
        message: 'OrderStatus can no longer go from SHIPPED to DELIVERED.',
        affected: [{ client: 'web-shop', operation: 'OrderPage' }],
      },
    ]);
    expect(report.passed).toBe(false);
    expect(report.findings[0]?.source).toEqual({ file: 'states.ts', line: 3 });
  });
});

describe('a dated version', () => {
  const versions = [
    { version: '2026-11', published: '2026-11-01', sunset: '2027-11-01', migration: 'Read orderNumber.' },
    { version: '2027-02', published: '2026-11-30', sunset: null, migration: '' },
  ];
  const published = (() => {
    const { graph, contracts } = releaseOf();
    return Object.fromEntries(
      contracts.map(({ name, filter }) => [`schema/api/${name}/2026-11.graphql`, contractApi(graph, filter)]),
    );
  })();
  const LATER: Edits = [['contracts.yaml', '2026-11', '2027-02']];

  it('that is live keeps what was hidden from its successor, since the graph still has it', () => {
    const hidden: Edits = [...LATER, [ORDER, 'number: String!', 'number: String! @tag(name: "secret")']];
    const report = checkShop(hidden, { versions, published });
    expect([report.passed, report.contracts.length]).toEqual([true, 6]);
  });

  it('cannot survive a field that goes, although its successor may be without', () => {
    const report = checkShop([...LATER, ...RENAME], { versions, published });
    expect(report.findings.filter(fails)).toMatchObject([
      {
        rule: 'FIELD_REMOVED',
        contracts: ['shop/2026-11', 'depot/2026-11', 'desk/2026-11'],
        affected: [{ contract: 'shop/2026-11' }],
      },
    ]);
  });

  it('cannot survive an enum value that it has no word for', () => {
    const edits: Edits = [...LATER, [ORDER, '"There." DELIVERED', '"There." DELIVERED "Gone." LOST']];
    const [first] = checkShop(edits, { versions, published, base: LATER }).findings;
    expect(first).toMatchObject({
      rule: 'ENUM_VALUE_ADDED',
      severity: 'breaking',
      contracts: ['shop/2026-11', 'depot/2026-11', 'desk/2026-11'],
    });
  });

  it('is not looked at after its sunset', () => {
    const expired = versions.map((entry) => (entry.sunset ? { ...entry, sunset: '2026-12-01' } : entry));
    expect(checkShop([...LATER, ...RENAME], { versions: expired, published }).passed).toBe(true);
  });
});

describe('an approval', () => {
  const approval = (change: object = {}) => {
    const id = checkShop(RENAME).findings[0]?.id ?? '';
    const contracts = ['shop/2026-11', 'depot/2026-11', 'desk/2026-11'];
    return { id, what: 'x', reason: 'Web moved', by: 'Ada', on: '2026-11-30', expires: null, contracts, ...change };
  };

  it('lets its finding pass, again and again', () => {
    expect(checkShop(RENAME, { approvals: [approval()] }).passed).toBe(true);
    expect(checkShop(RENAME, { approvals: [approval()] }).passed).toBe(true);
  });

  it.each([
    ['that expired', { expires: '2026-12-01' }, 'expired on 2026-12-01'],
    ['of fewer contracts', { contracts: ['shop/2026-11'] }, 'was not given for depot/2026-11, desk/2026-11'],
  ])('%s does not', (_, change, note) => {
    const report = checkShop(RENAME, { approvals: [approval(change)] });
    expect(report.passed).toBe(false);
    expect(report.notes.join('\n')).toContain(note);
  });
});

describe('recorded usage', () => {
  const who = {
    contract: 'shop',
    version: '2026-11',
    client: 'app',
    clientVersion: '7',
    count: 12,
    lastSeen: '2026-11-29T00:00:00Z',
  };
  const usage = (recordedUntil: string) => ({
    recordedFrom: '2026-11-01T00:00:00Z',
    recordedUntil,
    fields: [{ coordinate: 'Order.number', ...who }],
    operations: [
      { sha256: trusted('web-shop', 'shop', ORDER_PAGE).sha256, operation: 'OrderPage', ...who, client: 'web-shop' },
    ],
  });

  it('says when an operation was last seen, and who else reads the field', () => {
    const report = checkShop(RENAME, { usage: usage('2026-11-30T00:00:00Z') });
    expect(report.findings[0]?.affected).toMatchObject([
      { client: 'web-shop', lastSeen: '2026-11-29T00:00:00Z', count: 12 },
      { client: 'app', operation: null, clientVersions: ['7'], count: 12 },
    ]);
    expect(report.notes).toEqual(['Usage was recorded from 2026-11-01 until 2026-11-30.']);
  });

  it('is said to be too old to trust, or missing', () => {
    expect(checkShop([], { usage: usage('2026-11-10T00:00:00Z') }).notes[0]).toContain('Usage is 21 days old');
    expect(checkShop([]).notes[0]).toContain('No usage was exported');
  });
});

it('says when a registered document was never valid', () => {
  const report = checkShop([], { documents: [trusted('web-shop', 'shop', 'query Odd { nothing }')] });
  expect(report.findings).toMatchObject([{ rule: 'DOCUMENT_INVALID', coordinate: 'web-shop/Odd' }]);
});

const SHOP_LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag", "@override"])';
