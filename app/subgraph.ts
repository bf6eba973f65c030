import { hostname } from 'node:os';
import type { SubgraphName } from '../platform/config.ts';
import { query } from '../platform/db/query.ts';
import { CommerceError } from '../platform/errors.ts';
import { startSubgraphServer } from '../platform/http/subgraph-server.ts';
import { readSupergraphConfig } from '../registry/supergraph-config.ts';
import { openBackbone, openDomainsOf, openStorage } from './parts.ts';
import { runProcess } from './process.ts';

// `npm run start:subgraph <name>`: one subgraph behind HTTP, for signed requests of the gateway.
await runProcess('subgraph', async (base) => {
  const { config, logger, shutdown } = base;
  const name = process.argv[2];
  const entry = readSupergraphConfig().find((subgraph) => subgraph.name === name && subgraph.name !== 'events');
  if (!entry) {
    const names = readSupergraphConfig().map((subgraph) => subgraph.name).filter((other) => other !== 'events'); // biome-ignore format: one thought
    throw new CommerceError(
      'CONFIGURATION_INVALID',
      `start:subgraph needs the name of a subgraph: ${names.join(', ')}.`,
    );
  }
  const port = config.subgraphPort ?? Number(new URL(entry.url).port);
  const { databases, knex } = await openStorage(base, undefined, port);
  // Its writes wake the relay, which may run in another process.
  await openBackbone(base, databases, knex, true);
  const reporter = `${entry.name}@${hostname()}:${process.pid}`;
  const domains = await openDomainsOf(base, knex, config.systemUrls, reporter, { awaitsStock: true });
  domains.operations.health.start();
  shutdown.add('health reports', () => domains.operations.health.stop());
  const server = await startSubgraphServer({
    subgraph: domains.subgraphs[entry.name as SubgraphName],
    secret: base.secret,
    host: config.host,
    port,
    logger: logger.child({ component: entry.name }),
    ready: async () => {
      await query(knex, 'select 1');
    },
  });
  shutdown.add('subgraph server', () => server.stop());
  logger.info({ subgraph: entry.name, url: server.url }, 'subgraph listens');
});
