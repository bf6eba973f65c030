import { isDeepStrictEqual } from 'node:util';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { cancelUnpaid } from '../../subgraphs/order/index.ts';
import { ask } from '../helpers/subgraph.ts';
import type { Action, ChannelCode } from './actions.ts';
import { count, giveBack, ship } from './floor.ts';
import {
  type Call,
  type History,
  NOTHING,
  newCall,
  type Outcome,
  type PlacedLine,
  payment,
  persist,
  pick,
  placeInput,
  send,
} from './perform.ts';
import { afterDeadline, at, attempts, callers, PAYMENT_TERMS, type Process, type World } from './world.ts';

const QUIET = new AbortController().signal;

/** Does one thing as the client, the warehouse or the clock would, and writes down what is known of it afterwards. */
export function perform(world: World, history: History, action: Action, name: string): Promise<Outcome> {
  const process = world.processes[action.process] as Process;
  const noise = action.do === 'readFeed' ? world.noiseFor(action.noise) : 'none';
  return attempts.run({ name, crash: action.crash, count: 0, noise }, async () => {
    try {
      return await act(world, process, history, action, name);
    } catch (error) {
      history.problems.push(`${name} ${action.do}: ${error instanceof Error ? error.message : String(error)}`);
      return { code: 'PROBLEM' };
    }
  });
}

async function act(world: World, process: Process, history: History, action: Action, name: string): Promise<Outcome> {
  switch (action.do) {
    case 'hold': {
      const input = { lines: action.lines, locationId: action.atShop ? at('SHOP') : null };
      const call = newCall(history, 'reservationHold', action.channel, input);
      const { id, codes } = await sendOnce(world, process, history, call, action.twins);
      if (id !== null) history.holds.push({ id, channel: action.channel, lines: action.lines, atShop: action.atShop });
      return { code: codes[0] ?? 'HELD' };
    }
    case 'extend': {
      const hold = pick(history.holds, action.hold);
      if (!hold) return NOTHING;
      const call = newCall(history, 'reservationExtend', hold.channel, { ttlSeconds: 900 }, hold.id);
      const { codes } = await sendOnce(world, process, history, call, action.twins);
      return { code: codes[0] ?? 'EXTENDED' };
    }
    case 'release': {
      const hold = pick(history.holds, action.hold);
      return hold ? release(process, hold.id, callers[hold.channel]) : NOTHING;
    }
    case 'timeOut': {
      const hold = pick(history.holds, action.hold);
      if (!hold) return NOTHING;
      await persist(() => timeOut(process, hold.id));
      return { code: 'DONE' };
    }
    case 'sweep':
      await persist(() => query(process.knex, 'select inventory.expire_holds(100)'));
      return { code: 'DONE' };
    case 'place': {
      const paid = action.channel === 'WEB' && !action.unpaid;
      const more = { allowBackorder: action.backorder, channelOrderId: channelOrderId(action), payment: paid ? payment('placed') : null }; // biome-ignore format: one thought
      const input = { ...placeInput(action.lines, action.atShop ? at('SHOP') : null), ...more };
      return place(world, process, history, newCall(history, 'orderPlace', action.channel, input), action.twins);
    }
    case 'placeHeld': {
      const hold = pick(history.holds, action.hold);
      if (!hold) return NOTHING;
      const paid = action.channel === 'WEB' ? payment('placed') : null;
      const input = { ...placeInput(hold.lines, hold.atShop ? at('SHOP') : null), reservationId: hold.id, payment: paid }; // biome-ignore format: one thought
      return place(world, process, history, newCall(history, 'orderPlace', action.channel, input), action.twins);
    }
    case 'cancel': {
      const order = pick(history.orders, action.order);
      if (!order) return NOTHING;
      const line = pick(order.lines, action.line) as PlacedLine;
      const lines = action.quantity === null ? null : [{ orderLineId: line.id, quantity: action.quantity }];
      const call = newCall(history, 'orderCancel', order.channel, { reason: 'CUSTOMER_REQUEST', lines }, order.id);
      const { codes } = await sendOnce(world, process, history, call, action.twins);
      return { code: codes[0] ?? 'CANCELLED' };
    }
    case 'pay': {
      const order = pick(history.orders, action.order);
      if (order?.channel !== 'WEB') return NOTHING;
      const call = newCall(history, 'orderRecordPayment', 'WEB', { payment: payment('later') }, order.id);
      const { codes } = await sendOnce(world, process, history, call, action.twins);
      order.paid ||= codes.length === 0;
      return { code: codes[0] ?? 'PAID' };
    }
    case 'overdue': {
      history.overdue = true;
      const look = ({ knex }: Process) => cancelUnpaid({ knex, terms: PAYMENT_TERMS }, afterDeadline());
      await Promise.all((action.twins ? world.processes : [process]).map((one) => persist(() => look(one))));
      return { code: 'DONE' };
    }
    case 'ship':
      return ship(world, process, history, action, name);
    case 'giveBack':
      return giveBack(process, history, action, name);
    case 'count':
      return count(world, action, name);
    case 'readFeed':
      await Promise.all(
        (action.twins ? world.processes : [process]).map((one) => persist(() => one.reader.readNext(0, QUIET))),
      );
      return { code: 'DONE' };
    case 'takeSnapshot':
      await world.takeSnapshot();
      return { code: 'DONE' };
    case 'deliverSnapshot':
      await persist(() => process.reader.refresh(QUIET));
      return { code: 'DONE' };
    case 'repeat': {
      const call = pick(history.calls, action.call);
      if (!call?.answer) return NOTHING;
      const { id, codes, replayed } = await send(process, call);
      if (!isDeepStrictEqual({ id, codes }, call.answer)) return { code: 'ANSWERED OTHERWISE' };
      return { code: replayed ? 'REPLAYED' : 'RAN AGAIN' };
    }
    case 'reuseKey': {
      const call = pick(history.calls, action.call);
      if (!call?.answer || call.field.startsWith('return')) return NOTHING;
      const input = call.field === 'orderCancel' ? { reason: 'OTHER' } : { ...call.input, ...otherInput(call) };
      const { codes } = await send(process, { ...call, input });
      return { code: codes[0] ?? 'RAN' };
    }
  }
}

const channelOrderId = (action: { channel: ChannelCode; channelOrder: number | null }) =>
  action.channel === 'AMAZON' && action.channelOrder !== null ? `amazon-${action.channelOrder}` : null;

function otherInput({ field }: Call) {
  if (field === 'reservationExtend') return { ttlSeconds: 901 };
  return field === 'orderRecordPayment' ? { payment: payment('another') } : { lines: [{ sku: 'A', quantity: 999 }] };
}

/** Sends a new request; as twins: from two clients at once, through both processes, who must get the same answer. */
async function sendOnce(world: World, process: Process, history: History, call: Call, twins: boolean) {
  const others = twins ? world.processes.filter((other) => other !== process) : [];
  const [first, ...rest] = await Promise.all([process, ...others].map((one) => send(one, call)));
  if (!first) throw new Error('nobody was asked');
  const { id, codes } = first;
  for (const twin of rest)
    if (!isDeepStrictEqual([twin.id, twin.codes], [id, codes]))
      history.problems.push(
        `${call.field} ${call.key} was answered ${id} ${codes.join()} and ${twin.id} ${twin.codes.join()}`,
      );
  call.answer = { id, codes };
  if (call.field === 'orderCancel' && codes.length === 0) noteCancelled(history, call);
  return first;
}

function noteCancelled(history: History, call: Call): void {
  const order = history.orders.find((candidate) => candidate.id === call.target);
  const wishes = call.input.lines as { orderLineId: string; quantity: number }[] | null;
  for (const line of order?.lines ?? []) {
    const wish = wishes?.find((candidate) => candidate.orderLineId === line.id);
    if (wish) line.cancelled += wish.quantity;
    // All that could be cancelled: how much that was, the answer does not say.
    if (!wishes) line.cancelledAll = true;
  }
}

async function place(world: World, process: Process, history: History, call: Call, twins: boolean): Promise<Outcome> {
  const { id, codes, order } = await sendOnce(world, process, history, call, twins);
  if (codes[0] !== undefined || !order?.lines || id === null) return { code: codes[0] ?? 'NO ORDER' };
  const lines = order.lines.nodes.map((line) => ({
    id: line.id,
    sku: line.sku,
    ordered: line.quantities.ordered,
    cancelled: 0,
    cancelledAll: false,
    busy: false,
    issued: [],
    shipped: 0,
    returned: 0,
  }));
  history.orders.push({ id, key: call.key, channel: call.channel, lines, paid: call.input.payment !== null, busied: false }); // biome-ignore format: one order
  return { code: 'PLACED' };
}

async function release(process: Process, id: string, caller: (typeof callers)[ChannelCode]): Promise<Outcome> {
  const document = `mutation ($id: ID!) { reservationRelease(reservationId: $id) { userErrors { code } } }`;
  return persist(async () => {
    const answer = await ask(process.inventory, document, { id }, caller);
    if (answer.errors?.[0]?.extensions.code === 'DATABASE_UNAVAILABLE')
      return persist(() => release(process, id, caller));
    const result = answer.data?.reservationRelease as { userErrors: { code: string }[] };
    return { code: result.userErrors[0]?.code ?? 'RELEASED' };
  });
}

/** As waiting would: the end of a hold comes to lie in the past. */
const timeOut = (process: Process, id: string) =>
  inTransaction(process.knex, async (trx) => {
    const past = `expires_at = clock_timestamp() - interval '1 ms'`;
    await query(trx, `update inventory.reservation set ${past} where id = ? and state = 'HELD'`, [id]);
    await query(trx, `update inventory.reservation_line set ${past} where reservation_id = ? and state = 'HELD'`, [id]);
  });
