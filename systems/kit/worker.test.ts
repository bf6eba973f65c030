import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.ts';
import { createBell } from './bell.ts';
import { startWorker } from './worker.ts';

const logger = createLogger({ level: 'silent', component: 'test' });

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 3_000; Date.now() < deadline; await pause(5)) if (condition()) return;
  throw new Error('did not happen');
}

it('runs rounds without a pause while there is more, then waits for the bell', async () => {
  const bell = createBell();
  let rounds = 0;
  const worker = startWorker({
    name: 'w',
    logger,
    bell,
    async round() {
      rounds += 1;
      return rounds < 5 ? 0 : null;
    },
  });
  await until(() => rounds === 5);
  await pause(50);
  expect(rounds).toBe(5);
  bell.ring();
  await until(() => rounds === 6);
  await worker.stop();
});

it('goes on after a failed round', async () => {
  let rounds = 0;
  const worker = startWorker({
    name: 'w',
    logger,
    bell: createBell(),
    async round() {
      rounds += 1;
      if (rounds === 1) throw new Error('no connection');
      return null;
    },
  });
  await until(() => rounds === 2);
  await worker.stop();
});

it('stops only when the round in progress has ended', async () => {
  let ended = false;
  const worker = startWorker({
    name: 'w',
    logger,
    bell: createBell(),
    async round() {
      await pause(60);
      ended = true;
      return null;
    },
  });
  await pause(10);
  await worker.stop();
  expect(ended).toBe(true);
});
