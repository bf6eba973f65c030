import { parseArgs } from 'node:util';
import { buy, emptyWalmart } from '../../systems/walmart/simulator/account.ts';
import { startWalmartReference } from '../../systems/walmart/simulator/start.ts';

// `npm run start:walmart -- [--port 4106] [--orders 3] [--sku 85123A]`: a server that speaks Walmart's order API over an account with
// some orders, to try the connection without one of your own. What the seller tells it is shown as it comes.
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4106' },
    orders: { type: 'string', default: '3' },
    sku: { type: 'string', multiple: true, default: ['85123A', '71053'] },
  },
});
const account = emptyWalmart();
const day = Math.floor(Date.now() / 1_000);
for (let number = 1; number <= Number(values.orders); number += 1)
  buy(
    account,
    `${day}${String(number).padStart(3, '0')}`,
    values.sku.map((sku) => ({ sku, quantity: 1, price: 4.25 })),
  );
const server = await startWalmartReference({ account, clientId: 'try', clientSecret: 'try', port: Number(values.port), pageSize: 100 }); // biome-ignore format: one thought
console.log(`${account.orders.size} orders at ${server.url}. Connect with:

export WALMART_URL=${server.url} WALMART_CLIENT_ID=try WALMART_CLIENT_SECRET=try
`);

const shown = new Map<string, string>();
setInterval(() => {
  for (const { purchaseOrderId, lines } of account.orders.values()) {
    const state = lines.map(({ sku, statuses }) => `${sku} ${statuses.map(({ status, units }) => `${units} ${status}`).join(' + ')}`).join(', '); // biome-ignore format: one thought
    if (shown.get(purchaseOrderId) !== state) console.log(`${purchaseOrderId}: ${state}`);
    shown.set(purchaseOrderId, state);
  }
}, 500);
