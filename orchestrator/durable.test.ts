import { beforeEach, expect, it, jest } from '@jest/globals';
import { CommerceError } from '../platform/errors.ts';
import { orchestratorPorts } from '../test/helpers/orchestrator-ports.ts';

let pauses: number[] = [];
/** The engine without its records: nothing is killed here. */
jest.unstable_mockModule('@dbos-inc/dbos-sdk', () => ({
  DBOSWorkflowConflictError: class extends Error {},
  DBOS: {
    workflowID: 'order:ord_1',
    runStep: (run: () => Promise<unknown>) => run(),
    recv: async (_: string, { timeoutSeconds }: { timeoutSeconds: number }) => void pauses.push(timeoutSeconds),
  },
}));
const { durableStep } = await import('./durable.ts');

const work = { orderId: 'ord_1', channelCode: 'WEB', traceId: '0'.repeat(32) };
const pending = () =>
  new CommerceError('SYSTEM_PENDING', 'The order desk has the order and has not acknowledged it yet');
const outage = () => new CommerceError('SYSTEM_UNAVAILABLE', 'OMS answered with status 503');

beforeEach(() => {
  pauses = [];
});

/** Runs a step that fails as told, one attempt after the other, and then succeeds. @returns what the desk was told */
async function live(failures: readonly Error[]) {
  const { deps, of } = orchestratorPorts();
  const left = [...failures];
  const result = await durableStep(deps, work, { name: 'accept-order', system: 'oms' }, async () => {
    const failure = left.shift();
    if (failure) throw failure;
    return 'accepted';
  });
  expect(result).toBe('accepted');
  return of('exceptions.raise').map(({ args: [raised] }) => [raised.cause, raised.message]);
}

it('asks a system that has not decided again and again, and shows nobody that it takes its time', async () => {
  expect(await live(Array.from({ length: 10 }, pending))).toEqual([]);
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
});

it('shows a system that has not decided after a quarter of an hour', async () => {
  const told = await live(Array.from({ length: 21 }, pending));
  expect(told).toHaveLength(1);
  expect(told[0]).toEqual([
    'DEADLINE',
    'The order desk has the order and has not acknowledged it yet. Ask those who run it what it waits for. It is tried again by itself, at growing intervals.',
  ]);
});

it('shows a failure at once, also while it waits for a decision', async () => {
  expect((await live([pending(), outage(), outage()])).map(([cause]) => cause)).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
  expect(pauses).toEqual([1, 30, 60]);
});

it('does not spend a further attempt on our own open circuit: it waits until that may be asked', async () => {
  const refused = () => new CommerceError('SYSTEM_UNAVAILABLE', 'OMS is not available (circuit-open)', { reason: 'circuit-open', retryAfterMillis: 5 }); // biome-ignore format: one thought
  expect(await live([outage(), refused(), refused()])).toHaveLength(1);
  // Nobody waits to be told of an outage, though.
  expect(await live([refused()])).toHaveLength(1);
});

it('gives in when a circuit stays open for longer than the pause of one and the probe after it', async () => {
  const closed = () => new CommerceError('SYSTEM_UNAVAILABLE', 'OMS is not available (circuit-open)', { reason: 'circuit-open', retryAfterMillis: 12_001 }); // biome-ignore format: one thought
  const [first, second] = await live([outage(), closed()]);
  // What another call has closed since shows nothing of this one.
  expect(first?.[1]).toMatch(/status 503\. Look whether it works/);
  expect(second?.[1]).toMatch(
    /\(circuit-open\)\. Most of the latest calls to it failed.* when it is CLOSED there, other calls get through: retry then/,
  );
});
