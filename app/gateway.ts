import { readLimits } from '../gateway/guards/limits.ts';
import { startGatewayPart } from './gateway-part.ts';
import { openBackbone, openStorage } from './parts.ts';
import { runProcess } from './process.ts';

// `npm run start:gateway`: the gateway alone. Subgraphs are where supergraph.yaml or <NAME>_URL says.
await runProcess('gateway', async (base) => {
  const limits = readLimits(base.config.limitsFile ?? undefined); // before anything is started: a wrong file stops all
  const { databases, knex } = await openStorage(base, undefined, base.config.port);
  const backbone = await openBackbone(base, databases, knex, true);
  const urls = Object.fromEntries(
    Object.entries(base.config.subgraphUrls).map(([name, url]) => [name, url ?? undefined]),
  );
  await startGatewayPart(base, {
    knex,
    databases,
    backbone,
    limits,
    subgraphs: { kind: 'http', urls, secret: base.secret },
  });
});
