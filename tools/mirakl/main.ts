import { parseArgs } from 'node:util';
import { MIRAKL_RATES } from '../../systems/mirakl/rates.ts';
import { emptyOffers, list } from '../../systems/mirakl/simulator/offers.ts';
import { buy, emptyShop, shippedOf } from '../../systems/mirakl/simulator/shop.ts';
import { startMiraklReference } from '../../systems/mirakl/simulator/start.ts';

// `npm run start:mirakl -- [--port 4108] [--orders 3] [--sku 85123A]`: a server that speaks Mirakl's seller API over a shop with some
// orders and offers, to try the connection without one of your own. What the shop tells it is shown as it comes.
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4108' },
    orders: { type: 'string', default: '3' },
    sku: { type: 'string', multiple: true, default: ['85123A', '71053'] },
  },
});
const shop = emptyShop();
const offers = emptyOffers();
list(offers, values.sku);
const day = Math.floor(Date.now() / 1_000);
for (let number = 1; number <= Number(values.orders); number += 1)
  buy(
    shop,
    `${day}${String(number).padStart(3, '0')}-A`,
    values.sku.map((sku) => ({ sku, quantity: 1, price: 4.25 })),
  );
const rates = { STO01: MIRAKL_RATES.import, PRI01: MIRAKL_RATES.import, STO02: MIRAKL_RATES.stockStatus, PRI02: MIRAKL_RATES.pricingStatus, STO03: MIRAKL_RATES.report, PRI03: MIRAKL_RATES.report }; // biome-ignore format: one thought
const server = await startMiraklReference({ shop, offers, apiKey: 'try', port: Number(values.port), pageSize: 100, rates }); // biome-ignore format: one thought
console.log(`${shop.orders.size} orders at ${server.url}. Connect with:

export MIRAKL_URL=${server.url} MIRAKL_API_KEY=try
`);

const shown = new Map<string, string>();
const show = (name: string, state: string) => {
  if (shown.get(name) !== state) console.log(`${name}: ${state}`);
  shown.set(name, state);
};
setInterval(() => {
  for (const { id, lines } of shop.orders.values())
    show(id, lines.map((line) => `${line.sku} ${line.state}, ${shippedOf(shop, line)} of ${line.quantity} shipped`).join('; ')); // biome-ignore format: one thought
  for (const [sku, { quantity, price }] of offers.offers)
    show(`offer ${sku}`, `${quantity} at ${price.toFixed(2)} EUR`);
}, 500);
