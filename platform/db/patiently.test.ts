import { expect, it } from '@jest/globals';
import { CommerceError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { patiently } from './patiently.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const patience = { logger, waitMillis: 600_000, pauseMillis: 1 };

/** A step that fails in these ways, one after the other, and then succeeds. */
function step(...failures: readonly Error[]) {
  const state = { tries: 0 };
  return {
    state,
    async run() {
      const failure = failures[state.tries++];
      if (failure) throw failure;
      return 'done';
    },
  };
}
const unavailable = (reason: string) => new CommerceError('DATABASE_UNAVAILABLE', 'no answer', { reason });

it('tries a step again while the store does not answer', async () => {
  const slow = step(unavailable('KnexTimeoutError'), unavailable('ECONNREFUSED'));
  expect([await patiently(patience, slow.run), slow.state.tries]).toEqual(['done', 3]);
});

it('does not give up a server that says that it is coming up', async () => {
  const recovering = step(unavailable('57P03'), unavailable('57P03'));
  expect(await patiently({ ...patience, waitMillis: 0 }, recovering.run)).toBe('done');
});

it('gives up when its time is over, where it is not let in, and on any other failure', async () => {
  const late = step(unavailable('ECONNREFUSED'));
  await expect(patiently({ ...patience, waitMillis: 0 }, late.run)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' }); // biome-ignore format: one thought
  for (const failure of [unavailable('28P01'), new CommerceError('CONFIGURATION_INVALID', 'wrong'), new Error('bug')]) {
    const final = step(failure);
    await expect(patiently(patience, final.run)).rejects.toBe(failure);
    expect(final.state.tries).toBe(1);
  }
});
