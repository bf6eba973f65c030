import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLField } from 'graphql';
import type { Caller } from '../../platform/caller.ts';
import { change, query } from '../../platform/db/query.ts';
import { LEAST_RETENTION_DAYS, pruneIdempotencyKeys } from '../../platform/idempotency/prune.ts';
import { composeSupergraph } from '../../registry/compose.ts';
import { callerOf } from '../helpers/subgraph.ts';
import { absentMember, documentOf, keyedArgument, mutationsOf, turnedRound, wantsKey, withEachText } from './call.ts';
import type { MutationCase } from './mutation-case.ts';
import { mutationCases } from './mutations/index.ts';
import { type Answer, startWorld, type Variables, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** Names of the mutations as they are composed: known before the world starts, because tests are named after them. */
function mutationNames(): string[] {
  const composition = composeSupergraph();
  if (composition.kind === 'failed') throw new Error(composition.errors.join('\n'));
  return mutationsOf(buildSchema(composition.supergraphSdl, { assumeValidSDL: true })).map(({ name }) => name);
}

const names = mutationNames();

it('knows how to call every mutation of the graph, and no other', () => {
  expect(Object.keys(mutationCases).sort()).toEqual([...names].sort());
});

function fieldOf(name: string): GraphQLField<unknown, unknown> {
  const field = mutationsOf(world.schema).find((each) => each.name === name);
  if (!field) throw new Error(`the contract shows no ${name}`);
  return field;
}

/** Calls the mutation, with a key when it takes one. */
function caller(name: string, mutation: MutationCase) {
  const field = fieldOf(name);
  const argument = keyedArgument(field)?.name;
  const who = mutation.caller ?? callerOf();
  return {
    who,
    call: (variables: Variables, key: string | null, by: Caller = who): Promise<Answer> =>
      world.send(
        documentOf(field),
        argument && key !== null
          ? { ...variables, [argument]: { idempotencyKey: key, ...variables[argument] } }
          : variables,
        by,
      ),
  };
}

/** The code with which something was refused, as data or as an error. */
function codeOf(answer: Answer, name: string): unknown {
  return answer.errors?.[0]?.extensions?.code ?? answer.data?.[name]?.userErrors[0]?.code;
}

function expectDone(answer: Answer, name: string): void {
  expect(answer.errors).toBeUndefined();
  expect(answer.data?.[name]?.userErrors).toEqual([]);
  expect(answer.extensions?.idempotentReplay).toBeUndefined();
}

const stored = (who: Caller, name: string, key: string) =>
  query(world.knex, 'select 1 from integration.idempotency_key where scope = ? and operation = ? and key = ?', [
    who.clientId,
    name,
    key,
  ]);

const cases = names.flatMap((name) => {
  const found = mutationCases[name];
  return found ? [[name, found] as const] : [];
});

/** What operators do for the company, and so leave a row of the audit for. */
const AUDITED = [
  'bankReceiptMatch',
  'bankReceiptRelease',
  'fulfillmentOrderHold',
  'fulfillmentOrderMarkAsOpen',
  'fulfillmentOrderMerge',
  'fulfillmentOrderMove',
  'fulfillmentOrderReleaseHold',
  'fulfillmentOrderSchedule',
  'fulfillmentOrderSplit',
  'integrationExceptionCorrect',
  'integrationExceptionDismiss',
  'integrationExceptionRetry',
  'integrationExceptionsRetry',
  'inventoryAdjust',
  'orderHold',
  'orderReleaseHold',
  'reconciliationExceptionReopen',
  'reconciliationExceptionResolve',
  'reconciliationExceptionsResolve',
  'returnAuthorize',
  'returnDecline',
  'returnInspect',
  'returnReceive',
  'returnRefund',
  'returnReject',
  'returnReopen',
  'returnResolve',
  'settlementIngest',
  'settlementReverse',
];
const audited = (name: string) =>
  query<{ client: string; subject: string }>(
    world.knex,
    'select client_id as client, subject from integration.audit where action = ?',
    [name],
  );

describe.each(cases)('%s', (name, mutation) => {
  it('wants a key that can be one, and has one effect without where it does not want it', async () => {
    const { call } = caller(name, mutation);
    const variables = await mutation.prepare(world);
    const before = await world.everything();
    for (const key of ['', '  ', 'k'.repeat(256), 'a\0b']) {
      expect(codeOf(await call(variables, key), name)).toBe('IDEMPOTENCY_KEY_INVALID');
    }
    if (wantsKey(fieldOf(name))) expect(codeOf(await call(variables, null), name)).toBe('BAD_USER_INPUT');
    expect(await world.everything()).toBe(before);
    if (wantsKey(fieldOf(name))) return;
    const first = await call(variables, null);
    expectDone(first, name);
    const after = await world.everything();
    expect(after).not.toBe(before);
    // Repeated without a key, and under one that nobody used: what it is about keeps it from being done again.
    expect(await call(variables, null)).toEqual(first);
    expect(await call(variables, randomUUID())).toEqual(first);
    expect(await world.everything()).toBe(after);
  });

  it('refuses texts that no database can hold, wherever they are, and does nothing', async () => {
    const { call } = caller(name, mutation);
    const variables = await mutation.prepare(world);
    const before = await world.everything();
    for (const poison of ['\0', '\ud800']) {
      for (const poisoned of withEachText(variables, (text) => text + poison, 'idempotencyKey')) {
        const answer = await call(poisoned as Variables, randomUUID());
        expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
      }
    }
    expect(await world.everything()).toBe(before);
  });

  it('does once what is asked for with one key, however it is spelt, and answers the same', async () => {
    const { call, who } = caller(name, mutation);
    const variables = await mutation.prepare(world);
    const key = randomUUID();
    const auditBefore = await audited(name);
    const first = await call(variables, key);
    expectDone(first, name);
    expect(await stored(who, name, key)).toHaveLength(1);
    const record = (await audited(name)).slice(auditBefore.length);
    expect(record).toEqual(AUDITED.includes(name) ? [{ client: who.clientId, subject: expect.any(String) }] : []);
    const after = await world.everything();
    for (const spelling of [variables, turnedRound(variables) as Variables]) {
      expect(await call(spelling, key)).toEqual({ data: first.data, extensions: { idempotentReplay: true } });
    }
    expect(await world.everything()).toBe(after);
  });

  it('refuses a key that was used for something else, and changes nothing', async () => {
    const { call } = caller(name, mutation);
    const variables = await mutation.prepare(world);
    const key = randomUUID();
    expectDone(await call(variables, key), name);
    // Whose arguments leave no choice can still be asked of another order, return, work or exception.
    const other = mutation.otherwise?.(variables) ?? (await mutation.prepare(world));
    const after = await world.everything();
    expect(codeOf(await call(other, key), name)).toBe('IDEMPOTENCY_CONFLICT');
    expect(await world.everything()).toBe(after);
    expect((await call(variables, key)).extensions).toEqual({ idempotentReplay: true });
  });

  it('tells null from absent', async () => {
    const { call } = caller(name, mutation);
    const argument = keyedArgument(fieldOf(name));
    const variables = await mutation.prepare(world);
    const member = argument && absentMember(argument, variables[argument.name]);
    if (!argument || !member) return;
    const key = randomUUID();
    expectDone(await call(variables, key), name);
    const withNull = { ...variables, [argument.name]: { ...variables[argument.name], [member]: null } };
    expect(codeOf(await call(withNull, key), name)).toBe('IDEMPOTENCY_CONFLICT');
  });

  it('takes the key of another client for another one', async () => {
    const { call, who } = caller(name, mutation);
    const [variables, others] = [await mutation.prepare(world), await mutation.prepare(world)];
    const key = randomUUID();
    expectDone(await call(variables, key), name);
    expectDone(await call(others, key, { ...who, clientId: 'another-client' }), name);
    expect((await call(variables, key)).extensions).toEqual({ idempotentReplay: true });
  });

  it('keeps neither record nor effect when it fails between the two, and then does it', async () => {
    const { call, who } = caller(name, mutation);
    const variables = await mutation.prepare(world);
    const key = randomUUID();
    const before = await world.everything();
    await world.knex.raw(`
      create function integration.fail() returns trigger language plpgsql as $$ begin raise exception 'the disk is full' using errcode = '53100'; end $$;
      create trigger fail before insert on integration.idempotency_key for each row when (new.key = '${key}') execute function integration.fail()`);
    try {
      const failed = await call(variables, key);
      expect(failed.errors).toHaveLength(1);
      expect(failed.extensions).toBeUndefined();
    } finally {
      await world.knex.raw('drop trigger fail on integration.idempotency_key; drop function integration.fail()');
    }
    expect(await stored(who, name, key)).toEqual([]);
    expect(await world.everything()).toBe(before);
    expectDone(await call(variables, key), name);
    expect(await stored(who, name, key)).toHaveLength(1);
  });

  it(`remembers for ${LEAST_RETENTION_DAYS} days`, async () => {
    const { call, who } = caller(name, mutation);
    const variables = await mutation.prepare(world);
    const key = randomUUID();
    expectDone(await call(variables, key), name);
    const age = (days: number) =>
      change(
        world.knex,
        `update integration.idempotency_key set created_at = clock_timestamp() - ? * interval '1 day' where key = ?`,
        [days, key],
      );
    await age(LEAST_RETENTION_DAYS - 0.01);
    await pruneIdempotencyKeys(world.knex, LEAST_RETENTION_DAYS);
    expect((await call(variables, key)).extensions).toEqual({ idempotentReplay: true });
    await age(LEAST_RETENTION_DAYS + 0.01);
    await pruneIdempotencyKeys(world.knex, LEAST_RETENTION_DAYS);
    expect(await stored(who, name, key)).toEqual([]);
  });
});

// All at once: each waits for the running one for as long as it has patience.
it('says of every mutation that a request with the key is running, and does nothing meanwhile', async () => {
  const asked: { name: string; who: Caller; key: string; send: () => Promise<Answer> }[] = [];
  for (const [name, mutation] of cases) {
    const { call, who } = caller(name, mutation);
    const variables = await mutation.prepare(world);
    const key = randomUUID();
    asked.push({ name, who, key, send: () => call(variables, key) });
  }
  const before = await world.everything();
  await world.knex.transaction(async (trx) => {
    for (const { name, who, key } of asked) {
      await query(
        trx,
        "select pg_advisory_xact_lock(hashtextextended(format('%L %L %L', ?::text, ?::text, ?::text), 0))",
        [who.clientId, name, key],
      );
    }
    const codes = await Promise.all(asked.map(async ({ name, send }) => [name, codeOf(await send(), name)]));
    expect(codes).toEqual(asked.map(({ name }) => [name, 'IDEMPOTENCY_IN_FLIGHT']));
  });
  expect(await world.everything()).toBe(before);
  for (const { name, send } of asked) expectDone(await send(), name);
});

/** How often it failed, or the answer if it did not. Whoever is told that it runs still, on a slow machine, asks again. */
async function failures(name: string, send: () => Promise<Answer>): Promise<unknown> {
  let answer = await send();
  while (codeOf(answer, name) === 'IDEMPOTENCY_IN_FLIGHT') answer = await send();
  return answer.errors?.length ?? answer;
}

// All at once: each asks for its outcome for as long as it has patience.
it('keeps nothing of any mutation whose connection breaks between effect and record', async () => {
  const asked: { name: string; who: Caller; key: string; send: () => Promise<Answer> }[] = [];
  for (const [name, mutation] of cases) {
    const { call, who } = caller(name, mutation);
    const variables = await mutation.prepare(world);
    const key = `broken-${randomUUID()}`;
    asked.push({ name, who, key, send: () => call(variables, key) });
  }
  const before = await world.everything();
  await world.knex.raw(`
    create function integration.fail() returns trigger language plpgsql as $$ begin raise exception 'the power went' using errcode = '57P02'; end $$;
    create trigger fail before insert on integration.idempotency_key for each row when (new.key like 'broken-%') execute function integration.fail()`);
  try {
    const failed = await Promise.all(asked.map(async ({ name, send }) => [name, await failures(name, send)]));
    expect(failed).toEqual(asked.map(({ name }) => [name, 1]));
  } finally {
    await world.knex.raw('drop trigger fail on integration.idempotency_key; drop function integration.fail()');
  }
  expect(await world.everything()).toBe(before);
  for (const { name, who, key } of asked) expect(await stored(who, name, key)).toEqual([]);
});

it('has noticed everything that was stored', async () => {
  expect(await world.everything()).toBe(await world.everythingAnew());
});
