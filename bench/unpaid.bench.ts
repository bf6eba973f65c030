import { parseArgs } from 'node:util';
import { openDatabase } from '../platform/db/database.ts';
import { query } from '../platform/db/query.ts';
import { cancelUnpaid, createCapture } from '../subgraphs/order/index.ts';
import { patiently, resultOf } from './capture/patiently.ts';
import { caller, orderInput } from './capture/requests.ts';
import { verifyLedger } from './capture/verify.ts';
import { startWorld } from './capture/world.ts';

// `npm run bench:unpaid`: a crowd places orders that are to be paid first, and nobody pays: how long until their stock is free.
const { values } = parseArgs({ options: { orders: { type: 'string' }, workers: { type: 'string' } } });
const [orders, workers] = [Number(values.orders ?? 10_000), Number(values.workers ?? 2)];
const payments = { ofChannel: new Map(), otherwise: { withinHours: 1, holdUntilPaid: true } };
const CLIENTS = 60;

const world = await startWorld();
const knex = openDatabase(world.url, { poolMax: 20, applicationName: 'bench-unpaid' });
const capture = createCapture({ knex, payments });

const secondsSince = (start: number) => (performance.now() - start) / 1_000;
const unfree = async () => {
  const [row] = await query<{ units: string }>(
    world.knex,
    'select sum(committed)::text as units from inventory.position',
  );
  return Number(row?.units);
};

try {
  for (const hot of [false, true]) {
    let left = orders;
    const buy = async () => {
      for (; left > 0; ) {
        left -= 1;
        await patiently(async () =>
          resultOf(await capture.place(caller, { ...orderInput(hot ? 'hot' : 'spread'), payment: null })),
        );
      }
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: CLIENTS }, buy));
    const placed = secondsSince(begun);
    const due = new Date(Date.now() + 3_600_000);
    const over = performance.now();
    const cancelled = await Promise.all(
      Array.from({ length: workers }, () => cancelUnpaid({ knex, terms: payments }, due)),
    );
    const freed = secondsSince(over);
    const all = cancelled.reduce((sum, each) => sum + each);
    if (all !== orders || (await unfree()) !== 0) throw new Error(`${all} of ${orders} orders were cancelled, ${await unfree()} units are not free`); // biome-ignore format: one thought
    console.log(`${hot ? 'hot' : 'spread'}: ${orders} unpaid orders of ${CLIENTS} buyers placed in ${placed.toFixed(1)} s (${Math.round(orders / placed)}/s), cancelled by ${workers} workers (${cancelled.join(' + ')}), their stock free, in ${freed.toFixed(1)} s (${Math.round(orders / freed)}/s)`); // biome-ignore format: one thought
  }
  await verifyLedger(world.knex);
} finally {
  await capture.close();
  await knex.destroy();
  await world.stop();
}
