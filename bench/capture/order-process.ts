import { openDatabase } from '../../platform/db/database.ts';
import { createCapture } from '../../subgraphs/order/index.ts';
import { patiently, resultOf, timesToldAgain } from './patiently.ts';
import { closedLoop } from './point.ts';
import { caller, orderInput } from './requests.ts';

// One of several order processes on one database: takes orders in for so long, each time that its parent says so, and tells it.
const [url = '', clients = '1', seconds = '1', load = 'spread'] = process.argv.slice(2);
const knex = openDatabase(url, { poolMax: 20, applicationName: 'bench-order-process' });
const capture = createCapture({ knex });
const place = () => {
  const input = orderInput(load === 'hot' ? 'hot' : 'spread');
  return patiently(async () => resultOf(await capture.place(caller, input)).orderId !== null);
};
const warmUp = await closedLoop(10, 1, place);
process.send?.({ kind: 'ready', done: warmUp.done });
let turn = Promise.resolve();
process.on('message', () => {
  turn = runOnce();
});
// The parent lets go when it has all points that it wants.
process.once('disconnect', () => {
  void turn
    .then(() => capture.close())
    .then(() => knex.destroy())
    .then(() => process.exit(0));
});

async function runOnce(): Promise<void> {
  const [toldBefore, cpuBefore] = [timesToldAgain(), process.cpuUsage()];
  const point = await closedLoop(Number(clients), Number(seconds), place);
  const { user, system } = process.cpuUsage(cpuBefore);
  process.send?.({ kind: 'done', point, toldAgain: timesToldAgain() - toldBefore, cpuSeconds: (user + system) / 1e6 });
}
