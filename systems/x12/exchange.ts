import type { JournalWriter, ObservedJournal } from '../../platform/observed/journal.ts';
import { wallClockOf } from '../sql/values.ts';
import { readAcknowledgement, type SetVerdict, writeAcknowledgement } from './acknowledgement.ts';
import { type FunctionalGroup, type Interchange, type NewSet, readInterchanges, type TransactionSet, writeInterchange } from './interchange.ts'; // biome-ignore format: one thought
import { readInventoryAdvice } from './inventory-advice.ts';
import { codesOf, ourSku, theirSku, type X12Partner } from './partners.ts';
import { X12Problem } from './problem.ts';
import { type KeptEvent, type KeptFile, type KeptLine, type KeptOrder, STREAMS } from './records.ts';
import { problemAt } from './segment.ts';
import { bookNews } from './shelves.ts';
import { type ShippingOrder, tooMuchFor940, writeShippingOrder } from './shipping-order.ts';
import { printOf, takeAdvice } from './take-advice.ts';
import { takenMark } from './traffic.ts';

/** Work for a 3PL. */
export interface X12Work {
  readonly workId: string;
  /** Our word of how it is to be sent; null: as the 3PL chooses. */
  readonly service: string | null;
  readonly shipTo: ShippingOrder['shipTo'];
  readonly lines: readonly { readonly lineRef: string; readonly sku: string; readonly quantity: number }[];
}

/** What became of a file. */
export interface FileOutcome {
  /** Sets that were taken, now or before. */
  readonly taken: number;
  /** Why others were not, in words that name segment and element. Nothing of a set that stands here had an effect. */
  readonly problems: readonly string[];
  /** What it says of our own files that a person must look at. */
  readonly refusals: readonly { readonly workId: string; readonly message: string }[];
}

export class CannotBeAsked extends Error {}

export interface X12Exchange {
  /** Asks a 3PL for work, once per `workId`. @returns its order number there. @throws CannotBeAsked naming what a 940 cannot carry */
  ask(partner: X12Partner, work: X12Work): Promise<string>;
  /** Takes in what a 3PL sent: each set once, and as often as the file comes. */
  takeIn(partner: X12Partner, text: string): Promise<FileOutcome>;
}

/** Kind of the group (GS01) by kind of set. */
const GROUPS = { '940': 'OW', '997': 'FA' } as const;

/** The traffic with 3PLs: what was asked, what was told, and what is to be written to whom. @param now for tests */
export function openX12Exchange(journal: ObservedJournal, now: () => Date = () => new Date()): X12Exchange {
  return {
    ask: (partner, work) => journal.write(STREAMS.lock, (writer) => ask(writer, partner, work, now())),
    async takeIn(partner, text) {
      let interchanges: Interchange[];
      try {
        interchanges = readInterchanges(text);
        for (const one of interchanges) expectParties(one, partner);
      } catch (error) {
        if (error instanceof X12Problem) return { taken: 0, problems: [error.message], refusals: [] };
        throw error;
      }
      return journal.write(STREAMS.lock, async (writer) => {
        const outcome = { taken: 0, problems: [] as string[], refusals: [] as FileOutcome['refusals'][number][] };
        for (const interchange of interchanges)
          for (const group of interchange.groups) await takeGroup(writer, partner, interchange, group, outcome);
        if (outcome.taken > 0) await writer.put(STREAMS.marks, new Map([[takenMark(partner.name), { at: now() }]]));
        return outcome;
      });
    },
  };

  async function takeGroup(
    writer: JournalWriter,
    partner: X12Partner,
    { control }: Interchange,
    group: FunctionalGroup,
    outcome: { taken: number; problems: string[]; refusals: FileOutcome['refusals'][number][] },
  ): Promise<void> {
    const verdicts: SetVerdict[] = [];
    let isNews = false;
    for (const set of group.sets) {
      const key = JSON.stringify([partner.name, control, group.control, set.control]);
      const print = printOf(set);
      const [before] = await writer.find<{ print: string; isTaken: boolean }>(STREAMS.sets, [key]);
      let problem: X12Problem | null = null;
      try {
        if (before?.body.isTaken && before.body.print !== print) throw problemAt(set.head, 2, 'another set had these control numbers of interchange, group and set before'); // biome-ignore format: one thought
        if (!before?.body.isTaken) outcome.refusals.push(...(await takeSet(writer, partner, set)));
        outcome.taken += 1;
      } catch (error) {
        if (!(error instanceof X12Problem)) throw error;
        problem = error;
        outcome.problems.push(error.message);
      }
      isNews ||= before === undefined || before.body.isTaken !== (problem === null);
      verdicts.push({ set, problem });
      // A set that was refused may be sent again, put right, under its numbers.
      if (!before?.body.isTaken) await writer.put(STREAMS.sets, new Map([[key, { print, isTaken: problem === null }]]));
    }
    if (group.kind !== GROUPS['997'] && isNews)
      await send(writer, partner, writeAcknowledgement(group, verdicts), now());
  }

  async function takeSet(
    writer: JournalWriter,
    partner: X12Partner,
    set: TransactionSet,
  ): Promise<FileOutcome['refusals']> {
    switch (set.kind) {
      case '945':
        await takeAdvice(writer, partner, set, now());
        return [];
      case '846':
        await takeCount(writer, partner, set, now());
        return [];
      case '997':
        return takeAcknowledgement(writer, partner, set, now());
      default:
        throw problemAt(set.head, 1, 'sets of this kind are not read: 945, 846 and 997 are', 'NOT_A_CODE');
    }
  }
}

function expectParties(interchange: Interchange, { parties: { ours, theirs, usage } }: X12Partner): void {
  const expected: [number, string, string][] = [
    [5, interchange.senderQualifier, theirs.qualifier],
    [6, interchange.sender, theirs.id],
    [7, interchange.receiverQualifier, ours.qualifier],
    [8, interchange.receiver, ours.id],
    [15, interchange.usage, usage],
  ];
  for (const [element, is, wanted] of expected)
    if (is !== wanted) throw new X12Problem({ segment: 1, id: 'ISA', element }, 'it is not what config/x12.yaml has of this partner', 'NOT_A_CODE'); // biome-ignore format: one thought
}

async function ask(writer: JournalWriter, partner: X12Partner, work: X12Work, now: Date): Promise<string> {
  const [known] = await writer.find<{ orderNumber: string }>(STREAMS.works, [work.workId]);
  if (known) return known.body.orderNumber;
  const orderNumber = `SO${String(await next(writer, 'orders')).padStart(9, '0')}`;
  const lines = work.lines.map((line, index): KeptLine => ({ ...line, lineNumber: String(index + 1), shipped: 0, short: 0 })); // biome-ignore format: one thought
  const order: ShippingOrder = {
    orderNumber,
    service: (work.service !== null && partner.services[work.service]) || null,
    shipTo: work.shipTo,
    lines: lines.map(({ lineNumber, sku, quantity }) => ({ lineNumber, sku: theirSku(partner, sku), quantity })),
  };
  const tooMuch = tooMuchFor940(order);
  if (tooMuch !== null) throw new CannotBeAsked(tooMuch);
  const control = await send(writer, partner, writeShippingOrder(order, codesOf(partner)), now);
  const kept: KeptOrder = { partner: partner.name, workId: work.workId, state: 'ASKED', lines };
  await writer.put(STREAMS.works, new Map([[work.workId, { orderNumber }]]));
  await writer.put(STREAMS.orders, new Map([[orderNumber, kept]]));
  await writer.put(STREAMS.asked, new Map([[JSON.stringify([partner.name, String(control)]), { orderNumber }]]));
  await tell(writer, 'RECEIVED', orderNumber, work.workId, now, null);
  return orderNumber;
}

async function tell(writer: JournalWriter, kind: 'RECEIVED' | 'ACCEPTED' | 'REFUSED', orderNumber: string, workId: string, at: Date, reason: string | null): Promise<void> {
  const event: KeptEvent = { kind, workId, orderNumber, occurredAt: at.toISOString(), reason, packages: [], issued: [], short: [] };
  await writer.put(STREAMS.events, new Map([[`${kind} ${orderNumber}`, event]]));
} // biome-ignore format: one thought

async function takeAcknowledgement(
  writer: JournalWriter,
  partner: X12Partner,
  set: TransactionSet,
  now: Date,
): Promise<FileOutcome['refusals']> {
  const { groupKind, groupControl, isAccepted, faults } = readAcknowledgement(set);
  if (groupKind !== GROUPS['940']) throw problemAt(set.head, null, `it is about no group of kind ${GROUPS['940']}`, 'NOT_A_CODE'); // biome-ignore format: one thought
  const [asked] = await writer.find<{ orderNumber: string }>(STREAMS.asked, [JSON.stringify([partner.name, groupControl])]); // biome-ignore format: one thought
  if (!asked) throw problemAt(set.head, null, 'it is about a group that was not sent', 'NOT_A_CODE');
  const { orderNumber } = asked.body;
  const [found] = await writer.find<KeptOrder>(STREAMS.orders, [orderNumber]);
  if (found?.body.state !== 'ASKED') return []; // it has gone on since
  const order = found.body;
  await writer.put(STREAMS.orders, new Map([[orderNumber, { ...order, state: isAccepted ? 'ACCEPTED' : 'REFUSED' }]]));
  await tell(writer, isAccepted ? 'ACCEPTED' : 'REFUSED', orderNumber, order.workId, now, isAccepted ? null : 'NOT_UNDERSTOOD'); // biome-ignore format: one thought
  if (isAccepted) return [];
  const where = faults.length === 0 ? 'without saying where' : `at ${faults.slice(0, 5).join(', ')}`;
  return [{ workId: order.workId, message: `${partner.name} did not understand order ${orderNumber} (${where}); its units go to other nodes. Compare config/x12.yaml with its guide` }]; // biome-ignore format: one thought
}

async function takeCount(writer: JournalWriter, partner: X12Partner, set: TransactionSet, now: Date): Promise<void> {
  const { reference, countedAt, items } = readInventoryAdvice(set, codesOf(partner));
  const at = countedAt > now ? now : countedAt;
  const news = items.map(({ sku, onHand, segment }) => {
    const ours = ourSku(partner, sku);
    if (ours === null) throw problemAt(segment, null, 'the article before it has another number there, by skus of config/x12.yaml', 'NOT_A_CODE'); // biome-ignore format: one thought
    const key = `count ${JSON.stringify([partner.name, reference, countedAt.toISOString(), ours])}`;
    return [key, { siteCode: partner.site.code, sku: ours, at, reference: `${partner.name} ${reference}`, counted: onHand }] as const; // biome-ignore format: one thought
  });
  await bookNews(writer, new Map(news));
}

/** The next number of a kind, from 1. */
async function next(writer: JournalWriter, kind: string): Promise<number> {
  const [last] = await writer.find<{ number: number }>(STREAMS.marks, [kind]);
  const number = (last?.body.number ?? 0) + 1;
  await writer.put(STREAMS.marks, new Map([[kind, { number }]]));
  return number;
}

/** Has a set written to a 3PL, in an interchange of its own. @returns its control number */
async function send(writer: JournalWriter, partner: X12Partner, set: NewSet, now: Date): Promise<number> {
  const control = await next(writer, `control ${partner.name}`);
  const { ours, theirs, usage } = partner.parties;
  const wall = wallClockOf(now, partner.timeZone).replace(/\D/g, '');
  const text = writeInterchange({
    senderQualifier: ours.qualifier,
    sender: ours.id,
    receiverQualifier: theirs.qualifier,
    receiver: theirs.id,
    control,
    usage,
    group: GROUPS[set.kind as keyof typeof GROUPS],
    sets: [set],
    at: { date: wall.slice(0, 8), time: wall.slice(8, 12) },
  });
  const name = `${set.kind}_${String(control).padStart(9, '0')}.x12`;
  const file: KeptFile = { partner: partner.name, name, text };
  await writer.put(STREAMS.outbox, new Map([[JSON.stringify([partner.name, control]), file]]));
  return control;
}
