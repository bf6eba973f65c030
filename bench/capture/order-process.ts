import { openDatabase } from '../../platform/db/database.ts';
import { createCapture } from '../../subgraphs/order/index.ts';
import { patiently, resultOf, timesToldAgain } from './patiently.ts';
import { closedLoop } from './point.ts';
import { caller, orderInput } from './requests.ts';

// One of several order processes on one database: takes orders in until its time is over, and tells its parent.
const [url = '', clients = '1', seconds = '1', load = 'spread'] = process.argv.slice(2);
const knex = openDatabase(url, { poolMax: 20, applicationName: 'bench-order-process' });
const capture = createCapture({ knex });
const place = () => {
  const input = orderInput(load === 'hot');
  return patiently(async () => resultOf(await capture.place(caller, input)).orderId !== null);
};
const warmUp = await closedLoop(10, 1, place);
process.send?.({ kind: 'ready', done: warmUp.done });
process.once('message', () => {
  void closedLoop(Number(clients), Number(seconds), place).then(async (point) => {
    await capture.close();
    await knex.destroy();
    process.send?.({ kind: 'done', point, toldAgain: timesToldAgain() }, () => process.exit(0));
  });
});
