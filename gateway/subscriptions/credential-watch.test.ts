import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Caller } from '../../platform/caller.ts';
import { CommerceError } from '../../platform/errors.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import type { Authenticate } from '../access/grant.ts';
import { CredentialWatch } from './credential-watch.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const caller = callerOf();
const credentials = { 'x-api-key': 'k', cookie: 'changes nothing' };

function watchOf(answers: () => Caller) {
  const authenticate = jest.fn<Authenticate>(async () => {
    const granted = answers();
    return { contracts: [granted.contract], caller: granted };
  });
  return { authenticate, watch: new CredentialWatch(authenticate, 1_000) };
}

describe('CredentialWatch', () => {
  it('looks once per credential, however many streams it holds, and stops with the last of them', async () => {
    const { authenticate, watch } = watchOf(() => caller);
    const stops = Array.from({ length: 50 }, () => watch.watch(credentials, caller, () => undefined));
    watch.watch({ 'x-api-key': 'other' }, caller, () => undefined)();
    await jest.advanceTimersByTimeAsync(3_000);
    expect(authenticate).toHaveBeenCalledTimes(3);
    for (const stop of stops) stop();
    await jest.advanceTimersByTimeAsync(3_000);
    expect(authenticate).toHaveBeenCalledTimes(3);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each<[string, () => Caller]>([
    ['is revoked', () => fail('UNAUTHENTICATED')],
    ['may no longer do this', () => fail('FORBIDDEN')],
    ['speaks another contract', () => ({ ...caller, contract: 'warehouse' })],
    ['speaks for another channel', () => ({ ...caller, channel: null })],
    ['lost a scope', () => ({ ...caller, scopes: ['less'] })],
  ])('tells every stream, once, when the credential %s', async (_what, answers) => {
    const { watch } = watchOf(answers);
    const told = [jest.fn(), jest.fn()];
    for (const each of told) watch.watch(credentials, caller, each);
    await jest.advanceTimersByTimeAsync(5_000);
    for (const each of told) expect(each).toHaveBeenCalledTimes(1);
  });

  it('lets streams go on while nobody can tell, and when only the trace differs', async () => {
    let round = 0;
    const { authenticate, watch } = watchOf(() =>
      round++ % 2 ? fail('DATABASE_UNAVAILABLE') : { ...caller, traceId: 'f'.repeat(32) },
    );
    const told = jest.fn();
    watch.watch(credentials, caller, told);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(authenticate).toHaveBeenCalledTimes(4);
    expect(told).not.toHaveBeenCalled();
  });

  it('does not gather looks while one takes long', async () => {
    const authenticate = jest.fn<Authenticate>(() => new Promise(() => undefined));
    new CredentialWatch(authenticate, 1_000).watch(credentials, caller, () => undefined);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(authenticate).toHaveBeenCalledTimes(1);
  });
});

function fail(code: 'UNAUTHENTICATED' | 'FORBIDDEN' | 'DATABASE_UNAVAILABLE'): never {
  throw new CommerceError(code, 'as the test wants');
}
