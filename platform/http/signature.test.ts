import { describe, expect, it } from '@jest/globals';
import { callerOf } from '../../test/helpers/subgraph.ts';
import { SignatureVerifier, signRequest } from './signature.ts';

const secret = 'a'.repeat(32);
const caller = callerOf({ customerId: 'customer-7' });
const request = { method: 'POST', path: '/graphql', body: '{"query":"{ ok }"}' };
const clockAt = (millis: number) => ({ now: () => new Date(millis) });
const noon = Date.UTC(2026, 10, 23, 12);

function verifierAt(millis: number, secrets = [secret]): SignatureVerifier {
  return new SignatureVerifier({ secrets, clock: clockAt(millis) });
}

const refusal = (reason: RegExp) =>
  expect.objectContaining({ code: 'UNAUTHENTICATED', message: expect.stringMatching(reason) });

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('was not refused');
}

describe('a signed request', () => {
  it('brings the caller it was made for', () => {
    const headers = signRequest(secret, { ...request, caller }, clockAt(noon));
    expect(verifierAt(noon + 59_000).verify({ ...request, headers })).toEqual(caller);
  });

  it('is accepted once', () => {
    const headers = signRequest(secret, { ...request, caller }, clockAt(noon));
    const verifier = verifierAt(noon);
    verifier.verify({ ...request, headers });
    expect(failureOf(() => verifier.verify({ ...request, headers }))).toEqual(refusal(/received before/));
  });

  it('is refused a second time for as long as its time is accepted, also when the memory of nonces was renewed', () => {
    let now = noon;
    const verifier = new SignatureVerifier({ secrets: [secret], clock: { now: () => new Date(now) } });
    verifier.verify({ ...request, headers: signRequest(secret, { ...request, caller }, clockAt(noon)) });
    now = noon + 119_000;
    const late = signRequest(secret, { ...request, caller }, clockAt(noon + 178_000));
    verifier.verify({ ...request, headers: late });
    now = noon + 237_000;
    verifier.verify({ ...request, headers: signRequest(secret, { ...request, caller }, clockAt(now)) });
    expect(failureOf(() => verifier.verify({ ...request, headers: late }))).toEqual(refusal(/received before/));
  });

  it('is refused when it is more than a minute old or ahead', () => {
    const headers = signRequest(secret, { ...request, caller }, clockAt(noon));
    for (const now of [noon + 61_000, noon - 61_000]) {
      expect(failureOf(() => verifierAt(now).verify({ ...request, headers }))).toEqual(refusal(/too old/));
    }
  });

  it.each([
    ['method', { method: 'GET' }],
    ['path', { path: '/graphql?x' }],
    ['body', { body: '{"query":"{ no }"}' }],
  ])('is refused when its %s was changed', (_, change) => {
    const headers = signRequest(secret, { ...request, caller }, clockAt(noon));
    expect(failureOf(() => verifierAt(noon).verify({ ...request, ...change, headers }))).toEqual(refusal(/not match/));
  });

  it.each(['x-commerce-caller', 'x-commerce-time', 'x-commerce-nonce'])('is refused when %s was changed', (name) => {
    const headers = signRequest(secret, { ...request, caller }, clockAt(noon));
    const other = signRequest(
      secret,
      { ...request, caller: callerOf({ customerId: 'customer-8' }) },
      clockAt(noon + 1),
    );
    const changed = { ...headers, [name]: String(other[name]) };
    expect(failureOf(() => verifierAt(noon).verify({ ...request, headers: changed }))).toEqual(refusal(/not match/));
  });

  it('is refused when a header is missing', () => {
    for (const name of ['x-commerce-caller', 'x-commerce-time', 'x-commerce-nonce', 'x-commerce-signature']) {
      const { [name]: _, ...headers } = signRequest(secret, { ...request, caller }, clockAt(noon));
      expect(failureOf(() => verifierAt(noon).verify({ ...request, headers }))).toEqual(refusal(new RegExp(name)));
    }
  });

  it('is accepted under the former secret while both are configured', () => {
    const headers = signRequest('b'.repeat(32), { ...request, caller }, clockAt(noon));
    expect(verifierAt(noon, [secret, 'b'.repeat(32)]).verify({ ...request, headers })).toEqual(caller);
    expect(failureOf(() => verifierAt(noon).verify({ ...request, headers }))).toEqual(refusal(/not match/));
  });
});

it('does not accept a secret that can be guessed', () => {
  expect(() => new SignatureVerifier({ secrets: ['short'] })).toThrow(/32 characters/);
  expect(() => new SignatureVerifier({ secrets: [] })).toThrow(/32 characters/);
});
