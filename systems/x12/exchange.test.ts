import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { startThirdParty } from '../../test/helpers/third-party.ts';
import { readInterchanges } from './interchange.ts';
import { type KeptEvent, type KeptLevel, type KeptOrder, levelKey, STREAMS } from './records.ts';
import { readX12Traffic } from './traffic.ts';

let world: Awaited<ReturnType<typeof startThirdParty>>;
beforeAll(async () => {
  world = await startThirdParty();
});
afterAll(() => world.stop());

let works = 0;
const shipTo = { name: 'Ada Buyer', line1: '1 High Street', line2: null, city: 'London', region: null, postalCode: 'N1 1AA', countryCode: 'GB' }; // biome-ignore format: one thought
/** Work that the 3PL has accepted. @returns its number there */
async function asked(lines = [{ lineRef: 'l1', sku: 'A', quantity: 3 }, { lineRef: 'l2', sku: 'B', quantity: 1 }]): Promise<string> {
  works += 1;
  const number = await world.exchange.ask(world.partner, { workId: `ful_${works}`, service: 'STANDARD', shipTo, lines });
  await world.exchangeFiles();
  world.done.length = 0;
  return number;
} // biome-ignore format: one thought
const events = async (number: string) => (await world.journal.read<KeptEvent>(STREAMS.events, 0, 1_000)).map(({ body }) => body).filter(({ orderNumber }) => orderNumber === number); // biome-ignore format: one thought
const order = async (number: string) => (await world.journal.find<KeptOrder>(STREAMS.orders, [number]))[0]?.body;
const onHand = async (sku: string) => (await world.journal.find<KeptLevel>(STREAMS.levels, [levelKey('NORTHSTAR', sku)]))[0]?.body.onHand; // biome-ignore format: one thought
const inbox = (...path: string[]) => join(world.folder, 'in', ...path);
const box = (trackingNumber: string, units: Record<string, number>) => ({ trackingNumber, sscc: null, units });
const bookings = () => world.journal.head(STREAMS.bookings);

it('asks in a file of its own, without keeping the address once it lies there', async () => {
  const number = await asked();
  const name = readdirSync(join(world.folder, 'out')).find((one) => one.startsWith('940_')) ?? '';
  const text = readFileSync(join(world.folder, 'out', name), 'utf8');
  expect(readInterchanges(text)).toMatchObject([{ sender: 'COMMERCE', receiver: 'NORTHSTAR', usage: 'T', groups: [{ kind: 'OW', sets: [{ kind: '940' }] }] }]); // biome-ignore format: one thought
  expect(text).toContain(`W05*N*${number}~`);
  expect(text).toContain('W01*1*EA**SK*B-THERE~');
  expect(await query(world.knex, "select 1 from integration.observed_record where body::text like '%High Street%'")).toEqual([]); // biome-ignore format: one thought
  expect((await events(number)).map(({ kind }) => kind)).toEqual(['RECEIVED', 'ACCEPTED']);
});

it('says when files went, and since when the oldest order waits for its answer', async () => {
  const traffic = () => readX12Traffic(world.knex, 'NORTHSTAR');
  await asked();
  const given = world.now();
  expect(await traffic()).toMatchObject({ unansweredSince: null });
  world.tick(10);
  const at = world.now();
  for (const workId of ['ful_w1', 'ful_w2']) {
    await world.exchange.ask(world.partner, { workId, service: null, shipTo, lines: [{ lineRef: 'l', sku: 'A', quantity: 1 }] }); // biome-ignore format: one thought
    world.tick();
  }
  expect(await traffic()).toMatchObject({ unansweredSince: at });
  await world.look();
  const { lastGivenAt, lastTakenAt } = await traffic();
  expect(lastGivenAt).toEqual(world.now());
  expect(lastTakenAt?.getTime()).toBeLessThanOrEqual(given.getTime());
  await world.exchangeFiles();
  expect(await traffic()).toMatchObject({ unansweredSince: null, lastTakenAt: world.now() });
  expect(await readX12Traffic(world.knex, 'OTHER')).toEqual({ lastTakenAt: null, lastGivenAt: null, unansweredSince: null }); // biome-ignore format: one thought
});

it('does not read a file that was cut, and takes the whole one under the same name', async () => {
  const number = await asked();
  const { name, text } = await world.threepl.ship(number, [box('C1', { '1': 2 })]);
  writeFileSync(inbox(name), text.slice(0, text.indexOf('W12') + 8));
  await world.look();
  expect(world.done).toMatchObject([{ file: name, outcome: { taken: 0, problems: [expect.stringMatching(/^segment \d+ \(W12\): the file ends in the middle of it/)] } }]); // biome-ignore format: one thought
  expect(await events(number)).toHaveLength(2);
  expect(readFileSync(inbox('refused', `${name}.reason.txt`), 'utf8')).toMatch(/it was cut\nNothing of it was taken in\.\n$/); // biome-ignore format: one thought
  expect(text.startsWith(readFileSync(inbox('refused', name), 'utf8'))).toBe(true);
  writeFileSync(inbox(name), text);
  await world.look();
  expect(world.done.at(-1)).toMatchObject({ file: name, outcome: { taken: 1, problems: [] } });
  expect((await events(number)).at(-1)).toMatchObject({
    kind: 'ISSUED',
    issued: [{ lineRef: 'l1', sku: 'A', quantity: 2 }],
  });
});

it('knows a control number, and a shipment, that comes a second time; and refuses another content under them', async () => {
  const number = await asked();
  const { text } = await world.threepl.ship(number, [box('D1', { '1': 1 })]);
  await world.look();
  const [told, booked] = [await events(number), await bookings()];
  const takeIn = (changed: string) => world.exchange.takeIn(world.partner, changed);
  expect(await takeIn(text)).toEqual({ taken: 1, problems: [], refusals: [] });
  const renumbered = text.replace(/(\*0+)(\d+)(\*0\*T)/, (_, zeros, _digits, rest) => `${zeros}777${rest}`.replace(/\*0+777/, '*000000777')).replace(/IEA\*1\*\d+/, 'IEA*1*000000777'); // biome-ignore format: one thought
  expect(renumbered).not.toBe(text);
  expect(await takeIn(renumbered)).toEqual({ taken: 1, problems: [], refusals: [] });
  const changed = (from: string) => from.replace('*3*1*2*EA', '*3*2*1*EA').replace('W03*1', 'W03*2');
  expect((await takeIn(changed(text))).problems).toEqual([expect.stringMatching(/\(ST\), element 02: another set had these control numbers/)]); // biome-ignore format: one thought
  expect((await takeIn(changed(renumbered.replaceAll('000000777', '000000778')))).problems).toEqual([expect.stringMatching(/\(W06\), element 04: another thing was told of the shipment/)]); // biome-ignore format: one thought
  expect([await events(number), await bookings()]).toEqual([told, booked]);
});

it.each([
  ['an order that is not ours', 'W06*F*SO000000', 'W06*F*SO999999', /\(W06\), element 02: no order of ours/],
  ['a status without a meaning', 'W12*PR', 'W12*ZZ', /\(W12\), element 01: the status has no meaning in lineStatuses/],
  ['more than was asked for', '*3*1*2*EA', '*3*4*2*EA', /\(W12\), element 03: more left than was asked for/],
  ['an article of another line', '*SK*A', '*SK*B-THERE', /\(W12\), element 08: the line of this number has another article/],
])('takes nothing of an advice with %s, says so in a 997, and takes it when it is right', async (_, right, wrong, problem) => {
  const number = await asked();
  const { name, text } = await world.threepl.ship(number, [box(`E${works}`, { '1': 1 })]);
  expect(text).toContain(right);
  const [told, booked] = [await events(number), await bookings()];
  writeFileSync(inbox(name), text.replace(right, wrong).replace('W03*1', right.startsWith('*3*1') ? 'W03*4' : 'W03*1'));
  await world.look();
  expect(world.done).toMatchObject([{ outcome: { taken: 0, problems: [expect.stringMatching(problem)] } }]);
  expect([await events(number), await bookings()]).toEqual([told, booked]);
  const last = readdirSync(join(world.folder, 'out')).filter((one) => one.startsWith('997_')).sort().at(-1) ?? '';
  expect(readFileSync(join(world.folder, 'out', last), 'utf8')).toMatch(/AK3\*W(06|12)\*\d+\*\*8~\nAK4\*\d\*\*\d~\nAK5\*R\*5~\nAK9\*R\*1\*1\*0/);
  writeFileSync(inbox(name), text);
  await world.look();
  expect(world.done.at(-1)).toMatchObject({ file: name, outcome: { taken: 1, problems: [] } });
  expect((await events(number)).at(-1)).toMatchObject({ kind: 'ISSUED', issued: [{ lineRef: 'l1', quantity: 1 }] });
}); // biome-ignore format: one thought

it('gives units back that do not come, and refuses an advice after the last', async () => {
  const number = await asked();
  await world.threepl.ship(number, [box('F1', { '1': 2 })], true);
  await world.look();
  expect((await events(number)).at(-1)).toMatchObject({ kind: 'ISSUED', short: [{ lineRef: 'l1', quantity: 1 }, { lineRef: 'l2', quantity: 1 }] }); // biome-ignore format: one thought
  expect(await order(number)).toMatchObject({ state: 'OVER' });
  await world.threepl.ship(number, [box('F2', { '1': 1 })]);
  await world.look();
  expect(world.done.at(-1)?.outcome.problems).toEqual([expect.stringMatching(/element 02: the order is over/)]);
});

it('gives work back that the 3PL did not understand, and tells a person where', async () => {
  const number = await world.exchange.ask(world.partner, { workId: 'ful_odd', service: null, shipTo, lines: [{ lineRef: 'l1', sku: 'A', quantity: 1 }] }); // biome-ignore format: one thought
  await world.look();
  const name = readdirSync(join(world.folder, 'out')).filter((one) => one.startsWith('940_')).sort().at(-1) ?? ''; // biome-ignore format: one thought
  const path = join(world.folder, 'out', name);
  writeFileSync(path, readFileSync(path, 'utf8').replace('*EA**SK*A', '*XX**SK*A'));
  await world.threepl.look();
  await world.look();
  expect((await events(number)).at(-1)).toMatchObject({ kind: 'REFUSED', reason: 'NOT_UNDERSTOOD' });
  expect(world.done.at(-1)?.outcome.refusals).toEqual([{ workId: 'ful_odd', message: expect.stringMatching(new RegExp(`^NORTHSTAR did not understand order ${number} \\(at W01 2\\)`)) }]); // biome-ignore format: one thought
});

it('believes the newest count, less what left after it, in whatever order the files come', async () => {
  const number = await asked([{ lineRef: 'l1', sku: 'C', quantity: 9 }]);
  const { threepl, exchange, partner } = world;
  const texts: string[] = [];
  const act = async (step: () => Promise<{ text: string }>) => {
    world.tick();
    texts.push((await step()).text);
  };
  threepl.stock.C = 10;
  await act(() => threepl.count()); // 10
  await act(() => threepl.ship(number, [box('G1', { '1': 4 })])); // 6
  threepl.stock.C = 7;
  await act(() => threepl.count()); // 7
  await act(() => threepl.ship(number, [box('G2', { '1': 5 })])); // 2
  world.tick();
  // The last count comes first, the shipment that it contains after it; the older count says nothing any more.
  const seen: (number | undefined)[] = [];
  for (const index of [2, 1, 0, 3, 2]) {
    expect((await exchange.takeIn(partner, texts[index] ?? '')).problems).toEqual([]);
    seen.push(await onHand('C'));
  }
  expect(seen).toEqual([7, 7, 7, 2, 2]);
});

it('refuses a file of another sender, and a test in production', async () => {
  const { text } = await world.threepl.count();
  const takeIn = async (changed: string) => (await world.exchange.takeIn(world.partner, changed)).problems;
  expect(await takeIn(text.replace('NORTHSTAR      *', 'SOMEBODY       *'))).toEqual([expect.stringMatching(/^segment 1 \(ISA\), element 06/)]); // biome-ignore format: one thought
  expect(await takeIn(text.replace('*0*T*', '*0*P*'))).toEqual([expect.stringMatching(/^segment 1 \(ISA\), element 15/)]); // biome-ignore format: one thought
});

it('asks for nothing that a 940 cannot carry, and names what it is', async () => {
  const work = { workId: 'ful_far', service: null, shipTo: { ...shipTo, city: 'Київ' }, lines: [{ lineRef: 'l1', sku: 'A', quantity: 1 }] }; // biome-ignore format: one thought
  await expect(world.exchange.ask(world.partner, work)).rejects.toThrow('city holds a character that X12 has not');
  expect(await world.journal.find(STREAMS.works, ['ful_far'])).toEqual([]);
});
