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

/**
 * The files of a new adapter: they compile and lint, and the suite runs red, saying what is to be written.
 * @param system in small letters, such as `acme-erp`
 * @returns texts by paths from the project's folder
 */
export function adapterFiles(system: string, contract: Contract): Readonly<Record<string, string>> {
  const adapter = `subgraphs/${contract.domain}/adapters/${system}.ts`;
  const test = `test/contract/${contract.suite.file}.${system}.test.ts`;
  return {
    [`systems/${system}/profile.ts`]: profile(system, contract),
    [`systems/${system}/client.ts`]: client(system),
    [`systems/${system}/README.md`]: readme(system, contract),
    [adapter]: adapterText(system, contract, adapter),
    [test]: testText(system, contract),
    [`docs/systems-${system}.md`]: guide(system, contract, adapter, test),
  };
}

const constant = (system: string) => `${system.replaceAll('-', '_').toUpperCase()}_PROFILE`;
const factory = (system: string, { name }: Contract) =>
  `${pascal(system).charAt(0).toLowerCase()}${pascal(system).slice(1)}${name}`;

function profile(system: string, { port, can }: Contract): string {
  const lacks = can.map((capability) => `      // ${capability}: 'Why it cannot, for an operator.',\n`).join('');
  return `import type { SystemProfile } from '../port-map.ts';

/** What ${pascal(system)} serves. A capability that it lacks is named with the reason; nothing is made up in its place. */
export const ${constant(system)}: SystemProfile = {
  name: '${pascal(system)}',
  kind: 'ERP',
  serves: {
    ${port}: {${lacks === '' ? '' : `\n${lacks}    `}},
  },
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

function adapterText(system: string, { name, members }: Contract, path: string): string {
  return `import type { ${pascal(system)}Client } from '../../../systems/${system}/client.ts';
import type { ${name} } from '../port.ts';

/** ${pascal(system)} as the port sees it. What each member promises is written at the interface. */
export function ${factory(system, { name } as Contract)}(client: ${pascal(system)}Client): ${name} {
  /** Until it is written: says what to write, and shows what the client has for it. */
  function notWritten(member: string): never {
    throw new Error(\`${name}.\${member} is not written yet: ${path}, over \${Object.keys(client).join(', ')} of the client\`);
  }

  return {
${members.map((member) => memberText(member, system)).join('\n')}
  };
}
`;
}

function memberText({ name, kind }: Member, system: string): string {
  switch (kind) {
    case 'value':
      return `    ${name}: ${VALUES[name]?.(system) ?? `notWritten('${name}')`},`;
    case 'iterable':
      return `    async *${name}() {\n      yield notWritten('${name}');\n    },`;
    case 'promise':
      return `    async ${name}() {\n      return notWritten('${name}');\n    },`;
    case 'answer':
      return `    ${name}: () => notWritten('${name}'),`;
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

function readme(system: string, { name }: Contract): string {
  return `# ${pascal(system)}

How to connect one: [docs/systems-${system}.md](../../docs/systems-${system}.md).

| File         | What it is                                                 |
| ------------ | ---------------------------------------------------------- |
| \`client.ts\`  | its calls, in its own words                                |
| \`profile.ts\` | what it serves (${name}), and what it lacks                 |

- Write here what surprised you: limits, dates, decimals, what it says when it is asked twice.
`;
}

function guide(system: string, { port, name, domain }: Contract, adapter: string, test: string): string {
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
