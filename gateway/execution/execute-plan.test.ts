import { QueryPlanner } from '@apollo/query-planner';
import { expect, it, jest } from '@jest/globals';
import { parse } from 'graphql';
import type { Caller } from '../../platform/caller.ts';
import { createLogger } from '../../platform/logger.ts';
import { supergraph } from '../../test/differential/graph.ts';
import { callerOf, webChannel } from '../../test/helpers/subgraph.ts';
import { createContext } from '../context.ts';
import { createDataSource } from '../data-sources/data-source.ts';
import { SharedReads } from '../data-sources/shared-reads.ts';
import { FederationRuntime } from '../runtime.ts';
import { fetchedOrRead } from './written-data.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const all = {
  path: 'all/2026-11',
  name: 'all',
  version: '2026-11',
  filter: { include: null, exclude: [] },
  documents: 'open',
} as const;

/** A gateway whose subgraphs answer when they are told to. */
function gateway(supergraphSdl = supergraph()) {
  const asked: { caller: Caller; answer: (body: object) => void }[] = [];
  const sharedReads = new SharedReads(() => 0);
  const runtime = new FederationRuntime(supergraphSdl, {
    contracts: [all],
    dataSource: ({ name }) =>
      createDataSource(({ caller }) => new Promise((resolve) => void asked.push({ caller, answer: resolve })), {
        subgraph: name,
        deadlineMillis: 60_000,
        sharedReads,
        logger,
      }),
    sharedReads,
    knownDocuments: () => [
      { contract: 'all', text: KNOWN },
      { contract: 'all', text: '{ unknown }' },
    ],
    logger,
  });
  const ask = (text: string, caller = callerOf()) =>
    contractOf(runtime).answer(parse(text), { variables: {} }, createContext(caller, new AbortController().signal));
  return { runtime, asked, ask };
}

function contractOf(runtime: FederationRuntime) {
  const contract = runtime.snapshotFor('all');
  if (!contract) throw new Error('not served');
  return contract;
}

const KNOWN = 'query Known { item(id: "1") { name onHand } }';
const QUERY = '{ item(id: "1") { name } }';
const ITEM = { data: { item: { name: 'Lantern' } } };

async function settled() {
  await new Promise((resolve) => setImmediate(resolve));
}

it('runs equal queries of one class once, and never those of callers whom a subgraph can tell apart', async () => {
  const { asked, ask } = gateway();
  const callers = [
    { traceId: 'a' },
    { traceId: 'b' },
    { customerId: 'cus_1' },
    { clientId: 'other' },
    { scopes: ['x'] },
    { contract: 'other' },
    { channel: { ...webChannel, safetyStock: 1 } },
  ];
  const answers = callers.map((each) => ask(QUERY, callerOf(each)));
  await settled();
  expect(asked.map(({ caller }) => caller.traceId)).toEqual(['a', ...Array(5).fill(callerOf().traceId)]);
  for (const [place, { answer }] of asked.entries()) answer({ data: { item: { name: `${place}` } } });
  const names = (await Promise.all(answers)).map(({ data }) => JSON.parse(JSON.stringify(data)).item.name);
  expect(names).toEqual(['0', '0', '1', '2', '3', '4', '5']);
});

it('shares the requests of different queries, and lets neither change what the other got', async () => {
  const { asked, ask } = gateway();
  const answers = [ask(QUERY), ask('query Other { item(id: "1") { name } }'), ask('query { item(id: "1") { name } }')];
  await settled();
  for (const { answer } of asked) answer(ITEM);
  // A named operation is sent under its name: two of the three are the same to the subgraph.
  expect(asked).toHaveLength(2);
  for (const { data } of await Promise.all(answers)) expect(JSON.parse(JSON.stringify(data))).toEqual(ITEM.data);
});

it('reads anew after a mutation, and for each delivery of a subscription', async () => {
  const { runtime, asked, ask } = gateway();
  const before = ask(QUERY);
  const writing = ask('mutation { clear }');
  await settled();
  asked[1]?.answer({ data: { clear: 1 } });
  await writing;
  const after = ask(QUERY);
  const contract = contractOf(runtime);
  const plan = contract.planOperation(parse(QUERY));
  const delivered = contract.executeWith(plan, { caller: callerOf(), signal: new AbortController().signal });
  await settled();
  expect(asked).toHaveLength(4);
  for (const { answer } of asked) answer(ITEM);
  for (const { errors } of await Promise.all([before, after, delivered])) expect(errors).toBeUndefined();
});

it('has costs read from what was fetched only where no object was sent what is asked of other types', async () => {
  const { asked, ask } = gateway();
  const notes = (text: string) => [{ text }];
  const fetchedBy = async (text: string) => {
    asked.length = 0;
    const answer = ask(text);
    await settled();
    asked[0]?.answer({ data: { best: { __typename: 'Book', id: '1' } } });
    await settled();
    // Reviews know the media and not what each is: they send what is asked of any.
    asked[1]?.answer({ data: { _entities: [{ mine: notes('a'), notes: notes('b') }] } });
    return fetchedOrRead((await answer).data);
  };
  expect(
    await fetchedBy('{ best { ... on Book { mine: notes { text } } ... on Film { id notes { text } } } }'),
  ).toEqual({ best: { mine: notes('a') } });
  expect(await fetchedBy('{ best { notes { text } mine: notes { text } } }')).toEqual({
    best: { __typename: 'Book', id: '1', mine: notes('a'), notes: notes('b') },
  });
});

it('plans what clients are known to send before a supergraph is served', async () => {
  const planned = jest.spyOn(QueryPlanner.prototype, 'buildQueryPlan');
  try {
    const { runtime, asked, ask } = gateway(`${supergraph()}\n# first`);
    const outcome = runtime.reload(`${supergraph()}\n# next`);
    expect(outcome.kind).toBe('loaded');
    const before = planned.mock.calls.length;
    expect(before).toBe(4); // twice, as the document has a name; and for two supergraphs
    const answer = ask(KNOWN);
    await settled();
    asked[0]?.answer({ data: { item: null } });
    expect(JSON.parse(JSON.stringify((await answer).data))).toEqual({ item: null });
    expect(planned.mock.calls.length).toBe(before);
  } finally {
    planned.mockRestore();
  }
});
