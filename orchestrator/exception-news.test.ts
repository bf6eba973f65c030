import { beforeEach, expect, it } from '@jest/globals';
import { CommerceError } from '../platform/errors.ts';
import { bookedOrder, type OrchestratorPorts, orchestratorPorts } from '../test/helpers/orchestrator-ports.ts';
import { type ExceptionNews, noteException } from './exception-news.ts';

const TRACE = '0'.repeat(32);
let ports: OrchestratorPorts;

beforeEach(() => {
  ports = orchestratorPorts();
  ports.orders.set('ord_1', bookedOrder('ord_1'));
});

const hear = (type: ExceptionNews['type'], data: object) =>
  noteException(
    { sequence: 's-1', id: 'evt_1', source: '/commerce/operations', subject: 'iex_1', version: 2, channelCode: 'WEB', occurredAt: '2026-11-23T09:30:00.000Z', traceId: TRACE, type, data } as ExceptionNews,
    ports.deps,
  ); // biome-ignore format: a table
const notes = () => ports.of('orders.note').map(({ args }) => args);

const about = { exceptionId: 'iex_1', orderId: 'ord_1', system: 'channel', operation: 'tell-channel', cause: 'UNAVAILABLE', message: 'CHANNEL answered with status 503.' }; // biome-ignore format: one thought

it('puts on the timeline of the order that an exception was opened, when it was', async () => {
  await hear('integration-exception-raised.v1', about);
  expect(notes()).toEqual([
    [
      'ord_1',
      {
        key: 'exception:evt_1',
        traceId: TRACE,
        timeline: [{ type: 'EXCEPTION_OPENED', system: 'channel', message: 'On the exception desk: tell-channel (UNAVAILABLE). CHANNEL answered with status 503.', occurredAt: new Date('2026-11-23T09:30:00.000Z') }],
      },
    ],
  ]); // biome-ignore format: a table
});

it.each([
  ['FAILED_AGAIN', null, 'CHANNEL answered with status 503.', 'Attempt 3 of tell-channel failed (UNAVAILABLE). CHANNEL answered with status 503.'],
  ['RETRY_REQUESTED', 'ops', null, 'ops asked for another attempt of tell-channel'],
  ['CORRECTED', 'ops', 'by phone', 'ops corrected what tell-channel failed on: by phone'],
  ['RESOLVED', 'attempt 4 of tell-channel at channel', null, 'The exception of tell-channel is closed, by attempt 4 of tell-channel at channel'],
  ['DISMISSED', 'ops', 'told by mail', 'ops dismissed the exception of tell-channel: told by mail'],
])('says what became of it: %s', async (change, by, message, told) => {
  await hear('integration-exception-moved.v1', { ...about, change, attempts: 3, by, message });
  expect(notes()).toMatchObject([['ord_1', { timeline: [{ type: `EXCEPTION_${change}`, system: 'channel', message: told }] }]]); // biome-ignore format: one thought
}); // biome-ignore format: a table

it('passes over one that concerns no order, one that is not here, and one that an earlier release told of', async () => {
  await hear('integration-exception-raised.v1', { ...about, orderId: null });
  await hear('integration-exception-raised.v1', { exceptionId: 'iex_1', orderId: 'ord_1' });
  expect(notes()).toEqual([]);
  ports.failNext('orders.note', new CommerceError('NOT_FOUND', 'no such order'));
  await hear('integration-exception-raised.v1', about);
  ports.failNext('orders.note', new CommerceError('SYSTEM_TIMEOUT', 'too slow'));
  await expect(hear('integration-exception-raised.v1', about)).rejects.toMatchObject({ code: 'SYSTEM_TIMEOUT' });
});
