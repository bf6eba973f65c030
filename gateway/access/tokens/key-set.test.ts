import { beforeEach, expect, it } from '@jest/globals';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose';
import { createLogger } from '../../../platform/logger.ts';
import { KeySet } from './key-set.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const MINUTE = 60_000;

let now: number;
let readings: number;
let published: JWK[];
let isDown: boolean;
let keys: KeySet;
const signers = new Map<string, CryptoKey>();

async function key(kid: string): Promise<JWK> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  signers.set(kid, privateKey);
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
}

const accepts = async (kid: string): Promise<boolean> => {
  const signer = signers.get(kid) ?? (await generateKeyPair('ES256')).privateKey;
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).sign(signer);
  return jwtVerify(token, keys.find).then(
    () => true,
    () => false,
  );
};

beforeEach(async () => {
  now = 0;
  readings = 0;
  isDown = false;
  published = [await key('a')];
  const load = async () => {
    readings += 1;
    if (isDown) throw new Error('down');
    return { keys: published };
  };
  keys = new KeySet({ load, logger, now: () => now });
});

it('reads the keys once, also for many tokens at once', async () => {
  expect(await Promise.all([accepts('a'), accepts('a'), accepts('a')])).toEqual([true, true, true]);
  expect(await accepts('a')).toBe(true);
  expect(readings).toBe(1);
});

it('takes a new key of a rotation as soon as a token names it', async () => {
  await accepts('a');
  published = [...published, await key('b')];
  now = MINUTE;
  expect(await accepts('b')).toBe(true);
  expect(readings).toBe(2);
  expect(keys.generation).toBe(2);
});

it('does not let made-up key ids become a storm on the issuer', async () => {
  await accepts('a');
  now = MINUTE;
  for (let count = 0; count < 50; count++) expect(await accepts(`made-up-${count}`)).toBe(false);
  expect(readings).toBe(2);
  now = 2 * MINUTE;
  expect(await accepts('made-up')).toBe(false);
  expect(readings).toBe(3);
});

it('goes on with the keys it has while the issuer is down, for a day', async () => {
  await accepts('a');
  isDown = true;
  now = 23 * 60 * MINUTE;
  expect(await accepts('a')).toBe(true);
  now = 25 * 60 * MINUTE;
  expect(await accepts('a')).toBe(false);
  isDown = false;
  now += MINUTE;
  expect(await accepts('a')).toBe(true);
});

it('does not ask a dead issuer for each token', async () => {
  isDown = true;
  for (let count = 0; count < 20; count++) expect(await accepts('a')).toBe(false);
  expect(readings).toBe(1);
});

it('forgets a key that was taken out, and lets go of what was verified with it', async () => {
  await accepts('a');
  published = [await key('b')];
  now = 11 * MINUTE;
  await accepts('a'); // begins to read anew beside it
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await accepts('a')).toBe(false);
  expect(keys.generation).toBe(2);
});

it('never takes a symmetric key from a published set', async () => {
  const secret = Buffer.from('a published secret is no secret').toString('base64url');
  published = [{ kty: 'oct', k: secret, kid: 'shared', alg: 'HS256' }];
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256', kid: 'shared' })
    .sign(Buffer.from('a published secret is no secret'));
  await expect(jwtVerify(token, keys.find)).rejects.toThrow();
});
