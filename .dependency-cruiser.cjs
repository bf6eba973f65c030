// Who may import whom. Type imports count. Every rule was broken once and seen to fail.
const product = '^(platform|systems|subgraphs|events|gateway|orchestrator|registry|migrations|app|cli|tools)/';
const tests = '[.]test[.]ts$|^test/';
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from, pathNot: tests },
  to: { path: product, pathNot: allowed },
});

module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-to-test', severity: 'error', from: { pathNot: tests }, to: { path: tests } },
    only('platform-is-the-floor', '^platform/', '^platform/', 'platform knows nothing about products or orders'),
    only('systems-speak-vendor', '^systems/', '^(platform|systems)/', 'a system of record knows nothing of us'),
    only('events-are-a-contract', '^events/', '^(platform|events)/', 'events depend on no domain'),
    only(
      'gateway-knows-no-subgraph',
      '^gateway/',
      '^(platform|events|gateway|registry)/',
      'the gateway knows schemas, not domains',
    ),
    only(
      'orchestrator-stands-alone',
      '^orchestrator/',
      '^(platform|events|orchestrator)/',
      'the orchestrator speaks to its ports',
    ),
    only('migrations-are-sql', '^migrations/', '^(platform|migrations)/', 'a migration must not change with the code'),
    only(
      'registry-knows-schemas',
      '^registry/',
      '^(platform|registry|events)/',
      'the registry works on schemas and contracts',
    ),
    only(
      'subgraphs-see-the-floor',
      '^subgraphs/',
      '^(platform|events|systems|subgraphs)/',
      'a subgraph meets others in the graph or through events',
    ),
    {
      name: 'subgraphs-are-islands',
      severity: 'error',
      from: { path: '^subgraphs/([^/]+)/', pathNot: tests },
      to: { path: '^subgraphs/', pathNot: '^subgraphs/$1/' },
    },
    {
      name: 'one-door',
      severity: 'error',
      comment: 'from outside a subgraph only its index.ts; process entries also its main.ts',
      from: { pathNot: '^(subgraphs|test|cli)/|[.]test[.]ts$' },
      to: { path: '^subgraphs/[^/]+/', pathNot: '^subgraphs/[^/]+/(index|main)[.]ts$' },
    },
    {
      name: 'commands-read-transition-tables',
      severity: 'error',
      comment: 'the command line also reads states.ts: data without a package, published by the registry',
      from: { path: '^cli/', pathNot: tests },
      to: {
        path: '^subgraphs/[^/]+/',
        pathNot: ['^subgraphs/[^/]+/(index|main|states)[.]ts$', '^subgraphs/[^/]+/payouts/states[.]ts$'],
      },
    },
    {
      name: 'adapters-are-chosen-in-main',
      severity: 'error',
      from: { path: '^(subgraphs/[^/]+|orchestrator)/', pathNot: '(^|/)main[.]ts$|[.]test[.]ts$|/adapters/' },
      to: { path: '/adapters/|^systems/' },
    },
    {
      name: 'adapters-see-port-and-model',
      severity: 'error',
      from: { path: '^(subgraphs/[^/]+)/adapters/', pathNot: tests },
      to: { path: '^$1/', pathNot: '^$1/(port|model|errors|states|adapters/.*)[.]ts$' },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: {
        path: [
          '^(subgraphs|orchestrator)/.*/(model|port|errors|states|quantities|pricing)[.]ts$',
          '^orchestrator/(port|ports/[^/]+)[.]ts$',
        ],
      },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] },
    },
    { name: 'no-undeclared', severity: 'error', from: {}, to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] } },
    {
      name: 'no-dev-in-product',
      severity: 'error',
      comment: 'the generator of typed clients runs where the code is developed; what it writes imports types only',
      from: { path: product, pathNot: `${tests}|^tools/clients/` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-orphan',
      severity: 'error',
      from: { orphan: true, pathNot: ['[.]config[.]', '[.]cjs$', '[.]d[.]ts$', '^test/helpers/'] },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|bench)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
