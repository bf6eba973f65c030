import { startGatewayPart } from './gateway-part.ts';
import { openBackbone, openStorage } from './parts.ts';
import { runProcess } from './process.ts';

// `npm run start:gateway`: the gateway alone. Subgraphs are where supergraph.yaml or <NAME>_URL says.
await runProcess('gateway', async (base) => {
  const { databases, knex } = await openStorage(base, undefined, base.config.port);
  const backbone = await openBackbone(base, databases, knex, true);
  const urls = Object.fromEntries(
    Object.entries(base.config.subgraphUrls).map(([name, url]) => [name, url ?? undefined]),
  );
  await startGatewayPart(base, { knex, databases, backbone, subgraphs: { kind: 'http', urls, secret: base.secret } });
});
