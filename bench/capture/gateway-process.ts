import { startGatewayPart } from '../../app/gateway-part.ts';
import { openBackbone, openDomainsOf, openStorage } from '../../app/parts.ts';
import { runProcess } from '../../app/process.ts';
import { readLimits } from '../../gateway/guards/limits.ts';

// The gateway with all subgraphs in one process, as `npm start` composes it, without worker and reference systems: what
// they do with an order afterwards is not part of taking it in.
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  console.log(JSON.stringify({ msg: 'collected', heapMegabytes: process.memoryUsage().heapUsed / 2 ** 20 }));
});

await runProcess('bench-gateway', async (base) => {
  const { databases, knex } = await openStorage(base);
  const backbone = await openBackbone(base, databases, knex, true);
  const domains = await openDomainsOf(base, knex, base.config.systemUrls, 'bench');
  await startGatewayPart(base, {
    knex,
    databases,
    backbone,
    limits: readLimits(base.config.limitsFile ?? undefined),
    subgraphs: { kind: 'inProcess', subgraphs: Object.values(domains.subgraphs) },
  });
});
