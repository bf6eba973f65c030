import { openDatabase } from '../platform/db/database.ts';
import { onceKeyOf } from '../platform/idempotency/once-key.ts';
import { createHolding } from '../subgraphs/inventory/index.ts';
import { startBenchGateway } from './capture/gateway.ts';
import { type Measured, measure } from './capture/measure.ts';
import { measureYardstick } from './capture/measure-yardstick.ts';
import { readOptions, report } from './capture/options.ts';
import { patiently, resultOf } from './capture/patiently.ts';
import { findPgbench } from './capture/pgbench.ts';
import { closedLoop } from './capture/point.ts';
import { caller, holdInput } from './capture/requests.ts';
import { table } from './capture/table.ts';
import { verifyLedger } from './capture/verify.ts';
import { startWorld } from './capture/world.ts';

// `npm run bench:reservations`: holds of three goods, alone (in process) and through the whole gateway, against pgbench
// running a hand-written function that makes the same writes.
const YARDSTICK = 'pgbench, hand-written function';
const { seconds, clients, loads, runs } = readOptions();
if (runs('pgbench')) findPgbench(); // says what to install before anything is started
const world = await startWorld();
const knex = openDatabase(world.url, { poolMax: 20, applicationName: 'bench-holding' });
const holding = createHolding(knex);
const gateway = await startBenchGateway(world, Math.max(...clients));
const rows: Measured[] = [];

const byHolding = (hot: boolean) => () => {
  const input = holdInput(hot);
  const key = onceKeyOf({ caller, operation: 'reservationHold', key: input.idempotencyKey, input });
  const request = {
    lines: input.lines,
    locationId: null,
    safetyStock: 0,
    ttlSeconds: input.ttlSeconds,
    channelCode: 'WEB',
    customerId: null,
  };
  return patiently(async () => resultOf(await holding.hold(key, request)).reservationId !== null);
};
const byGateway = (hot: boolean) => () => {
  const input = holdInput(hot);
  return patiently(async () => (await gateway.send('HoldStock', { input })).reservationHold?.reservation != null);
};

try {
  if (runs('gateway')) await closedLoop(20, Math.min(8, 3 * seconds), byGateway(false));
  if (runs('engine')) await closedLoop(20, Math.min(2, seconds), byHolding(false));
  for (const load of loads) {
    const hot = load === 'hot';
    for (const count of clients) {
      const about = { load, clients: count };
      if (runs('pgbench')) rows.push(...(await measureYardstick(world, 'hold', { ...about, way: YARDSTICK }, seconds)));
      if (runs('engine')) {
        const run = () => closedLoop(count, seconds, byHolding(hot));
        rows.push(await measure(world, 'holds', { ...about, way: 'holding, in process' }, process.pid, run));
      }
      if (runs('gateway')) {
        const run = () => closedLoop(count, seconds, byGateway(hot));
        rows.push(await measure(world, 'holds', { ...about, way: 'whole gateway, HTTP' }, gateway.pid, run));
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
  report('reservations', table(rows, YARDSTICK));
} catch (error) {
  console.error(table(rows, YARDSTICK)); // what was measured before it
  throw error;
} finally {
  await gateway.stop();
  await holding.close();
  await knex.destroy();
  await world.stop();
}
