import { parseArgs } from 'node:util';
import { startBenchGateway } from './capture/gateway.ts';
import { report } from './capture/options.ts';
import { orderInput } from './capture/requests.ts';
import { SKUS, startWorld } from './capture/world.ts';
import { hungSubgraph } from './edge/hung-subgraph.ts';
import { load, type Measure } from './edge/load.ts';
import { ShopClient } from './edge/shop-client.ts';
import { row, tableOf } from './edge/table.ts';

// `npm run bench:shedding`: what a gateway gives when more is asked than it can do. In one run: browsing past saturation,
// orders while browsing floods, and a subgraph that hangs. Nothing is kept: every query is worked for.
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    clients: { type: 'string', default: '8,32,128,512,1500' },
    parts: { type: 'string', default: 'saturation,checkout,hung' },
  },
});
const seconds = Number(values.seconds);
const crowds = values.clients.split(',').map(Number);
const has = (part: string) => values.parts.split(',').includes(part);
const largest = Math.max(...crowds);
/** Buyers who order all the time, whatever else goes on. */
const BUYERS = 16;

const world = await startWorld();
const sections: string[] = [];
try {
  if (has('saturation') || has('checkout')) {
    const gateway = await startBenchGateway(world, 1, { env: { CACHE_MEGABYTES: '0' } });
    const client = new ShopClient(gateway.url, gateway.key, largest + BUYERS);
    const browse = () => client.ask('CartAvailability', { skus: someSkus() });
    const order = () => client.ask('PlaceOrder', { input: orderInput('spread') });
    const isPlaced = ({ data }: { data: Record<string, unknown> | null }) =>
      Boolean((data?.orderPlace as { order?: object | null } | undefined)?.order);
    try {
      await load(32, 3, browse); // compiled code and cached plans, as in a running shop
      await load(BUYERS, 2, order, isPlaced);
      if (has('saturation')) {
        const points: { clients: number; measure: Measure }[] = [];
        for (const clients of crowds) points.push({ clients, measure: await load(clients, seconds, browse) });
        const peak = Math.max(...points.map(({ measure }) => measure.perSecond));
        const rows = points.map(({ clients, measure }) => row(`${clients} browsing`, measure, peak));
        sections.push(`## Browsing past saturation\n\n${tableOf('of its peak', rows)}`);
      }
      if (has('checkout')) {
        const alone = await load(BUYERS, seconds, order, isPlaced);
        const [flooded, browsing] = await Promise.all([
          load(BUYERS, seconds, order, isPlaced),
          load(largest, seconds, browse),
        ]);
        const rows = [
          row(`orders of ${BUYERS} buyers alone`, alone, alone.perSecond),
          row(`orders while ${largest} browse`, flooded, alone.perSecond),
          row(`browsing of ${largest} meanwhile`, browsing, null),
        ];
        sections.push(`## Orders while browsing floods\n\n${tableOf('of alone', rows)}`);
      }
    } finally {
      await client.close();
      await gateway.stop();
    }
  }
  if (has('hung')) sections.push(await hungSubgraph(world, seconds, someSkus));
  report('shedding', sections.join('\n\n'));
} finally {
  await world.stop();
}

/** A cart of twenty of the ten thousand. */
function someSkus(): string[] {
  const first = Math.floor(Math.random() * (SKUS - 20));
  return Array.from({ length: 20 }, (_, index) => `BENCH-${first + index + 1}`);
}
