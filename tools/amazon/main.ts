import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { emptyAccount } from '../../systems/amazon/simulator/account.ts';
import { emptyListings, list } from '../../systems/amazon/simulator/listings.ts';
import { buy } from '../../systems/amazon/simulator/orders.ts';
import { startAmazonReference } from '../../systems/amazon/simulator/start.ts';

const HELP = `npm run start:amazon -- [<folder>] [--orders 3] [--sku 85123A] [--port 4105]

A server that speaks Amazon's APIs over an account of its own, to try the connection without one of yours.
  <folder>   has settlement reports (V2); a file's time of change is the time at which Amazon "made" it
  --orders   orders that are waiting to be fetched; what the seller tells of them is shown as it comes. Default 0
  --sku      what is listed, and was bought, once or several times. Default 85123A and 71053
  --port     default 4105`;

const { values, positionals } = parseArgs({
  options: {
    port: { type: 'string', default: '4105' },
    orders: { type: 'string', default: '0' },
    sku: { type: 'string', multiple: true, default: ['85123A', '71053'] },
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowPositionals: true,
});
const [folder] = positionals;
if (values.help || (folder === undefined && Number(values.orders) === 0)) {
  console.log(values.help ? HELP : `Which folder are the reports in, or how many orders are there?\n\n${HELP}`);
  process.exit(values.help ? 0 : 2);
}
const account = emptyAccount();
for (const name of folder === undefined ? [] : readdirSync(folder)) {
  const path = join(folder ?? '', name);
  if (!statSync(path).isFile()) continue;
  account.reports.push({ reportId: name, createdAt: statSync(path).mtime, status: 'DONE', content: readFileSync(path, 'utf8') }); // biome-ignore format: one thought
}
// Amazon tells of an order two minutes later at the earliest.
const boughtAt = new Date(Date.now() - 180_000);
const run = String(Math.floor(boughtAt.getTime() / 1_000)).slice(-7);
for (let number = 1; number <= Number(values.orders); number += 1) {
  const orderId = `026-${run}-${String(number).padStart(7, '0')}`;
  const items = values.sku.map((sku) => ({ sku, quantity: 1, price: '4.25' }));
  buy(account.orders, orderId, items, boughtAt);
}
const listings = emptyListings();
list(listings, values.sku);
const server = await startAmazonReference({
  account,
  listings,
  sellerId: 'TRY',
  refreshToken: 'try',
  port: Number(values.port),
  pageSize: 10,
});
console.log(`${account.reports.length} reports and ${account.orders.size} orders at ${server.url}. Connect with:

export AMAZON_URL=${server.url} AMAZON_LOGIN_URL=${server.loginUrl}
export AMAZON_CLIENT_ID=try AMAZON_CLIENT_SECRET=try AMAZON_REFRESH_TOKEN=try AMAZON_SELLER_ID=TRY
`);

const shown = new Map<string, string>();
setInterval(() => {
  for (const { sku, units, price } of listings.items.values()) {
    const state = `${units} units, ${price === null ? 'no price' : `${price.amount} ${price.currencyCode}`}`;
    if (shown.has(sku) && shown.get(sku) !== state) console.log(`${sku}: ${state}`);
    shown.set(sku, state);
  }
  for (const { order } of account.orders.values()) {
    const parcels = order.packages.map(({ carrier, trackingNumber }) => `${carrier} ${trackingNumber}`);
    const state = [order.fulfillment.fulfillmentStatus, ...parcels].join(', ');
    if (shown.get(order.orderId) !== state) console.log(`${order.orderId}: ${state}`);
    shown.set(order.orderId, state);
  }
}, 500);
