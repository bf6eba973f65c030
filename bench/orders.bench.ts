import { openDatabase } from '../platform/db/database.ts';
import { createCapture } from '../subgraphs/order/index.ts';
import { installBareWrites, measureBareWrites } from './capture/bare-writes.ts';
import { startBenchGateway } from './capture/gateway.ts';
import { type Measured, measure } from './capture/measure.ts';
import { measureYardstick } from './capture/measure-yardstick.ts';
import { type Load, readOptions, report } from './capture/options.ts';
import { patiently, resultOf } from './capture/patiently.ts';
import { findPgbench } from './capture/pgbench.ts';
import { closedLoop } from './capture/point.ts';
import { caller, orderInput } from './capture/requests.ts';
import { table } from './capture/table.ts';
import { verifyLedger } from './capture/verify.ts';
import { startWorld } from './capture/world.ts';

// `npm run bench:orders`: orders of three lines, taken in through the whole gateway, by the capture alone, and by pgbench
// running a hand-written function that makes the same writes (capture/yardstick.ts), all in one run on one database.
const YARDSTICK = 'pgbench, hand-written function';
const { seconds, clients, loads, runs } = readOptions();
if (runs('pgbench') || runs('bare')) findPgbench(); // says what to install before anything is started
const world = await startWorld();
if (runs('bare')) await installBareWrites(world.knex);
const knex = openDatabase(world.url, { poolMax: 20, applicationName: 'bench-capture' });
const capture = createCapture({ knex });
const gateway = await startBenchGateway(world, Math.max(...clients));
const rows: Measured[] = [];

const byCapture = (load: Load) => () => {
  const input = orderInput(load);
  return patiently(async () => resultOf(await capture.place(caller, input)).orderId !== null);
};
const byGateway = (load: Load) => () => {
  const input = orderInput(load);
  return patiently(async () => (await gateway.send('PlaceOrder', { input })).orderPlace?.order != null);
};

try {
  if (runs('gateway')) await closedLoop(20, Math.min(8, 3 * seconds), byGateway('spread')); // compiled code and cached plans, as in a running shop
  if (runs('engine')) await closedLoop(20, Math.min(2, seconds), byCapture('spread'));
  for (const load of loads) {
    for (const count of clients) {
      const about = { load, clients: count };
      if (runs('pgbench'))
        rows.push(...(await measureYardstick(world, 'place_order', { ...about, way: YARDSTICK }, seconds)));
      if (runs('bare')) rows.push(...(await measureBareWrites(world, about, seconds)));
      if (runs('engine')) {
        const run = () => closedLoop(count, seconds, byCapture(load));
        rows.push(await measure(world, 'orders', { ...about, way: 'capture, in process' }, process.pid, run));
      }
      if (runs('gateway')) {
        const run = () => closedLoop(count, seconds, byGateway(load));
        rows.push(await measure(world, 'orders', { ...about, way: 'whole gateway, HTTP' }, gateway.pid, run));
      }
      if (runs('floor') && load === 'spread') {
        const run = () => closedLoop(count, seconds, () => gateway.sendNothing());
        rows.push(await measure(world, 'nothing', { ...about, way: 'empty mutation, HTTP' }, gateway.pid, run));
      }
      console.error(
        table(
          rows.filter((row) => row.load === load && row.clients === count),
          YARDSTICK,
        ),
      );
    }
  }
  await verifyLedger(world.knex);
  report('orders', table(rows, YARDSTICK));
} catch (error) {
  console.error(table(rows, YARDSTICK)); // what was measured before it
  throw error;
} finally {
  await gateway.stop();
  await capture.close();
  await knex.destroy();
  await world.stop();
}
