import type { Contract, Member } from './contracts.ts';

const pascal = (name: string) => name.split('-').map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(''); // biome-ignore format: one thought

/** Values that an adapter has beside its methods. */
const VALUES: Readonly<Record<string, (system: string) => string>> = {
  name: (system) => `'${system}'`,
  streams: () => "['all']",
  takes: () => 'new Set()',
  ways: () => "[{ name: 'single', most: 1, burst: 1, perSecond: 1 }]",
  known: () => 'null',
};

const adapterPath = (system: string, domain: string) => `subgraphs/${domain}/adapters/${system}.ts`;
const testPath = (system: string, { suite }: Contract) => `test/contract/${suite.file}.${system}.test.ts`;

/**
 * The files of a new adapter: they compile and lint, and the suite runs red, saying what is to be written.
 * @param system in small letters, such as `acme-erp`
 * @returns texts by paths from the project's folder
 */
export function adapterFiles(system: string, contract: Contract): Readonly<Record<string, string>> {
  return { ...filesOf(system, 'ERP', [contract]), [`docs/systems-${system}.md`]: guide(system, contract) };
}

/**
 * The files of a new connector to a marketplace, likewise: one client and profile, an adapter for each domain, a suite for each port.
 * @param contracts of the ports that it is to serve
 */
export function connectorFiles(channel: string, contracts: readonly Contract[]): Readonly<Record<string, string>> {
  return { ...filesOf(channel, 'MARKETPLACE', contracts), [`docs/${channel}.md`]: channelGuide(channel, contracts) };
}

function filesOf(system: string, kind: 'ERP' | 'MARKETPLACE', contracts: readonly Contract[]): Record<string, string> {
  const domains = [...new Set(contracts.map(({ domain }) => domain))];
  const adapters = domains.map(
    (domain) =>
      [
        adapterPath(system, domain),
        adapterText(
          system,
          contracts.filter((one) => one.domain === domain),
        ),
      ] as const,
  );
  return {
    [`systems/${system}/profile.ts`]: profile(system, kind, contracts),
    [`systems/${system}/client.ts`]: client(system),
    [`systems/${system}/README.md`]: readme(system, kind, contracts),
    ...Object.fromEntries(adapters),
    ...Object.fromEntries(contracts.map((contract) => [testPath(system, contract), testText(system, contract)])),
  };
}

const constant = (system: string) => `${system.replaceAll('-', '_').toUpperCase()}_PROFILE`;
const factory = (system: string, { name }: Contract) =>
  `${pascal(system).charAt(0).toLowerCase()}${pascal(system).slice(1)}${name}`;

function profile(system: string, kind: 'ERP' | 'MARKETPLACE', contracts: readonly Contract[]): string {
  const served = contracts.map(({ port, can }) => {
    const lacks = can.map((capability) => `      // ${capability}: 'Why it cannot, for an operator.',\n`).join('');
    return `    ${port}: {${lacks === '' ? '' : `\n${lacks}    `}},\n`;
  });
  return `import type { SystemProfile } from '../port-map.ts';

/** What ${pascal(system)} serves. A capability that it lacks is named with the reason; nothing is made up in its place. */
export const ${constant(system)}: SystemProfile = {
  name: '${pascal(system)}',
  kind: '${kind}',
  serves: {
${served.join('')}  },
};
`;
}

function client(system: string): string {
  return `import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';

/** What it says about itself. Every answer is parsed: what is not as documented never gets further. */
const about = z.object({ version: z.string() });

/** ${pascal(system)} as its callers see it, in its own words. Every method throws CommerceError, see systems/client-kit. */
export interface ${pascal(system)}Client {
  /** A first call, to see that address and credentials are right. */
  about(options?: CallOptions): Promise<z.output<typeof about>>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
}

/** Set its limits in \`options\`: time, calls at once, and how it says that it was called too often. */
export function create${pascal(system)}Client(options: SystemClientOptions): ${pascal(system)}Client {
  const client = createSystemClient('${pascal(system)}', options);
  return {
    // Repeated after a failure. Writes are only if it recognises them by a reference.
    about: (call) => client.call({ ...call, method: 'GET', path: '/', answer: about, repeatable: true }),
    statistics: client.statistics,
    close: client.close,
  };
}
`;
}

function adapterText(system: string, contracts: readonly Contract[]): string {
  const names = contracts.map(({ name }) => name).sort();
  const path = adapterPath(system, contracts[0]?.domain ?? '');
  const several = contracts.length > 1;
  const notWritten = `/** Until it is written: says what to write, and shows what the client has for it. */
function notWritten(client: object, member: string): never {
  throw new Error(\`\${member} is not written yet: ${path}, over \${Object.keys(client).join(', ')} of the client\`);
}
`;
  const adapters = contracts.map(
    ({ name, members }) => `/** ${pascal(system)} as ${several ? name : 'the port'} sees it. What each member promises is written at the interface. */
export function ${factory(system, { name } as Contract)}(client: ${pascal(system)}Client): ${name} {
  return {
${members.map((member) => memberText(name, member, system)).join('\n')}
  };
}
`,
  );
  return `import type { ${pascal(system)}Client } from '../../../systems/${system}/client.ts';
import type { ${names.join(', ')} } from '../port.ts';

${[...adapters, notWritten].join('\n')}`;
} // biome-ignore format: texts

function memberText(contract: string, { name, kind }: Member, system: string): string {
  const notWritten = `notWritten(client, '${contract}.${name}')`;
  switch (kind) {
    case 'value':
      return `    ${name}: ${VALUES[name]?.(system) ?? notWritten},`;
    case 'iterable':
      return `    async *${name}() {\n      yield ${notWritten};\n    },`;
    case 'promise':
      return `    async ${name}() {\n      return ${notWritten};\n    },`;
    case 'answer':
      return `    ${name}: () => ${notWritten},`;
  }
}

function testText(system: string, contract: Contract): string {
  const { suite, domain } = contract;
  const given = suite.arguments.map((one) => (one === 'start' ? 'start' : constant(system)));
  return `import { ${factory(system, contract)} } from '../../subgraphs/${domain}/adapters/${system}.ts';
import { create${pascal(system)}Client } from '../../systems/${system}/client.ts';
import { ${constant(system)} } from '../../systems/${system}/profile.ts';
import { ${suite.name} } from './${suite.file}.contract.ts';

/** Starts a system that a test can fill: itself, or a server that is strict about what its documentation says. */
const start = async (): Promise<never> => {
  const client = create${pascal(system)}Client({ baseUrl: 'http://127.0.0.1:1', token: 'trial', timeoutMillis: 60_000 });
  const adapter = ${factory(system, contract)}(client);
  await client.close();
  throw new Error(
    \`Give ${suite.name} what its parameter "start" asks for (test/contract/${suite.file}.contract.ts): the adapter, which has \${Object.keys(adapter).join(', ')}, over a system that the test can fill\`,
  );
};

${suite.name}(${constant(system)}.name, ${given.join(', ')});
`;
}

function readme(system: string, kind: 'ERP' | 'MARKETPLACE', contracts: readonly Contract[]): string {
  const names = contracts.map(({ name }) => name).join(', ');
  const document = kind === 'ERP' ? `docs/systems-${system}.md` : `docs/${system}.md`;
  return `# ${pascal(system)}

How to connect one: [${document}](../../${document}).

| File         | What it is                                                 |
| ------------ | ---------------------------------------------------------- |
| \`client.ts\`  | its calls, in its own words                                |
| \`profile.ts\` | what it serves (${names}), and what it lacks                 |

- Write here what surprised you: limits, dates, decimals, what it says when it is asked twice.
`;
}

function guide(system: string, contract: Contract): string {
  const { port, name, domain } = contract;
  const [adapter, test] = [adapterPath(system, domain), testPath(system, contract)];
  return `# ${pascal(system)} as system of record

Serves ${port} of the domain ${domain}. Say here what it was tried against.

## From credentials to the graph

1. **An account**, and what it must be allowed to do.
2. **Variables:** address and credentials.
3. **Choose it** in [config/systems.yaml](../config/systems.yaml).
4. **Look:** a query that shows it.

## What becomes of what

| ${pascal(system)} | Here |
| --- | --- |
| | |

## How it is treated

Its limits, and what is done about them: calls at once, pauses, what it knows again by a reference.

## Tests

\`npm run test:jest -- ${test}\` holds \`${adapter}\` to the suite of ${name}.
`;
}

function channelGuide(channel: string, contracts: readonly Contract[]): string {
  const suites = contracts.map(
    (contract) =>
      `| ${contract.port} | \`${adapterPath(channel, contract.domain)}\` | \`${testPath(channel, contract)}\` |`,
  );
  return `# ${pascal(channel)}

Say here what comes in from it and what it is told, and what it was tried against.

## Connect

1. **An account there**, and what it must be allowed to do.
2. \`npx commerce channel add ${channel.toUpperCase()} --kind marketplace --price-list <list> --currency <its currency>\`
3. **The channel** in [config/channels.yaml](../config/channels.yaml), whose values are names of variables.
4. **Look:** \`npx commerce exceptions list\`, and \`{ systems { code circuit ports { port missingCapabilities { capability reason } } } }\`.

## What becomes of what

| ${pascal(channel)} | Here |
| --- | --- |
| | |

## How it is treated

Its rates, and what is done about them. When what it has accepted counts as applied.

## Tests

| Port | Adapter | Suite |
| --- | --- | --- |
${suites.join('\n')}

\`npm run test:jest -- ${channel}\` runs them.
`;
}
