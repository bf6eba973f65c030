import { CommerceError } from '../../../platform/errors.ts';
import { derivedId } from '../../../platform/ids.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import { createTurns } from '../../../platform/turns.ts';
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import { type KeptLines, LINES } from '../../../systems/tryton/kept-lines.ts';
import { advance, assign, cancelShipment, createShipment, findShipmentByNumber, findShipments, reduceShipment, removeShipment, type TrytonShipment } from '../../../systems/tryton/shipments.ts'; // biome-ignore format: one thought
import { readSites, type TrytonSite } from '../../../systems/tryton/stock.ts';
import { putBackOnShelf } from '../../../systems/tryton/stock-documents.ts';
import { isCollected } from '../model.ts';
import type { NodeAnswer, NodeSystem, NodeUnits, NodeWork, ShipmentConfirmation } from '../port.ts';
import { trytonNodeFeed, WORKS } from './tryton-feed.ts';
import { bySku, type KeptPart, type KeptWork, mainShipment, referencesOf, unitsOpen } from './tryton-work.ts';

export interface TrytonNodeOptions {
  /** Pause between two looks at Tryton, in milliseconds. Default 2000. */
  readonly lookEveryMillis?: number;
}

const LOOK_EVERY_MILLIS = 2_000;
const PARCELS = 'node-parcels';
const DONE: NodeAnswer = { kind: 'done' };
const WRONG: NodeAnswer = { kind: 'refused', reason: 'WRONG_STATUS', message: 'The node has gone on in the meantime. Read the work again.' }; // biome-ignore format: one thought
const SHORT: NodeAnswer = { kind: 'refused', reason: 'NOT_ENOUGH', message: 'The node does not have that many units of a line left.' }; // biome-ignore format: one thought

/** Work at a node, with the shipment that holds what has not left. */
interface OpenWork {
  readonly work: KeptWork;
  readonly main: TrytonShipment;
}

/**
 * Tryton as the nodes' warehouse system: our work is a customer shipment under our id as its reference, at the warehouse whose code
 * is the site's. What leaves in parts leaves with shipments of its own (`ful_1/1`). Staff may do any step by hand, in Tryton.
 */
export function trytonNodeSystem(
  tryton: TrytonClient,
  journal: ObservedJournal,
  { lookEveryMillis = LOOK_EVERY_MILLIS }: TrytonNodeOptions = {},
): NodeSystem {
  const feed = trytonNodeFeed(tryton, journal, lookEveryMillis);
  // Two parts of the same work would split its shipment under each other's hands.
  const inTurn = createTurns();

  async function siteOf(work: { locationId: string } | { siteCode: string }, signal: AbortSignal): Promise<TrytonSite> {
    const sites = await readSites(tryton, { signal });
    const site = sites.find(({ code }) => ('siteCode' in work ? code === work.siteCode : derivedId('location', code) === work.locationId)); // biome-ignore format: one thought
    if (!site) throw refused('Tryton has no warehouse for this site', work);
    return site;
  }

  async function open(nodeReference: string, signal: AbortSignal): Promise<OpenWork> {
    const named = await findShipmentByNumber(tryton, nodeReference, { signal });
    const [kept] = await journal.find<KeptWork>(WORKS, [named?.reference.split('/')[0] ?? '']);
    if (!named || !kept) throw refused('Tryton has no shipment of ours with this number', { nodeReference });
    const shipments = await findShipments(tryton, referencesOf(kept.body), { signal });
    return { work: kept.body, main: mainShipment(kept.body, shipments) ?? named };
  }

  /** Does one thing with work, and tells of it. */
  const command = <Answer>(nodeReference: string, signal: AbortSignal, act: (at: OpenWork) => Promise<Answer>): Promise<Answer> =>
    inTurn(nodeReference, async () => {
      const answer = await act(await open(nodeReference, signal));
      await feed.look(signal);
      return answer;
    }); // biome-ignore format: one thought

  const keep = (work: KeptWork, change: (kept: KeptWork) => KeptWork): Promise<KeptWork> =>
    journal.write(WORKS, async ({ find, put }) => {
      const [now] = await find<KeptWork>(WORKS, [work.fulfillmentOrderId]);
      const next = change(now?.body ?? work);
      await put(WORKS, new Map([[work.fulfillmentOrderId, next]]));
      return next;
    });

  /** What the shipments are about is known before they move: the stock ledger goes by it. */
  const keepLines = (lines: ReadonlyMap<string, KeptLines>) => journal.write(LINES, ({ put }) => put(LINES, lines));

  async function end({ work, main }: OpenWork, kind: 'REFUSED' | 'CANCELLED', reason: string | null, signal: AbortSignal): Promise<NodeAnswer> {
    await keep(work, (kept) => ({ ...kept, end: { kind, reason } }));
    await cancelShipment(tryton, main, { signal });
    return DONE;
  } // biome-ignore format: one thought

  /** Notes what is confirmed, unless it cannot be. Repeated, it is what was noted. */
  function decide({ work, main }: OpenWork, { key, packages }: ShipmentConfirmation): Promise<KeptPart | NodeAnswer> {
    return journal.write(WORKS, async ({ find, put }) => {
      const [{ body: kept } = { body: work }] = await find<KeptWork>(WORKS, [work.fulfillmentOrderId]);
      const known = kept.parts.find((part) => part.key === key);
      if (known) return known;
      const units = unitsOpen(kept);
      const lines = unitsIn(packages, units);
      if (kept.isCollected || !['assigned', 'picked', 'packed'].includes(main.state)) return WRONG;
      if (lines === null) return SHORT;
      const isAll = lines.reduce((sum, one) => sum + one.quantity, 0) === units.reduce((sum, one) => sum + one.quantity, 0); // biome-ignore format: one thought
      // What was picked as a whole leaves as a whole.
      if (!isAll && main.state !== 'assigned') return WRONG;
      const numbers = new Map(packages.flatMap((parcel, index) => numbersOf(parcel).map(([name, number]) => [number, [String(index), name]] as const))); // biome-ignore format: one thought
      const [used] = await find(PARCELS, [...numbers.keys()]);
      const at = used && numbers.get(used.key);
      if (at) return { kind: 'refused', reason: 'INVALID', at, message: `A package with this ${at[1]} left before.` };
      const { fulfillmentOrderId } = kept;
      const reference = isAll ? fulfillmentOrderId : `${fulfillmentOrderId}/${kept.parts.length + 1}`;
      const part = { key, reference, packages, lines };
      await put(WORKS, new Map([[fulfillmentOrderId, { ...kept, parts: [...kept.parts, part] }]]));
      await put(PARCELS, new Map([...numbers.keys()].map((number) => [number, { fulfillmentOrderId }])));
      return part;
    });
  }

  /** Has a part leave, from wherever an attempt before this one got to. */
  async function ship({ work, main }: OpenWork, part: KeptPart, signal: AbortSignal): Promise<NodeAnswer> {
    const { fulfillmentOrderId } = work;
    if (part.reference === fulfillmentOrderId) {
      await keepLines(new Map([[fulfillmentOrderId, { print: '', lines: part.lines }]]));
      await advance(tryton, main, 'done', { signal });
      return DONE;
    }
    const [begun] = await findShipments(tryton, [part.reference], { signal });
    if (begun?.state === 'done') return DONE;
    const [kept] = await journal.find<KeptWork>(WORKS, [fulfillmentOrderId]);
    const rest = unitsOpen(kept?.body ?? work);
    await keepLines(
      new Map([
        [fulfillmentOrderId, { print: '', lines: rest }],
        [part.reference, { print: '', lines: part.lines, work: fulfillmentOrderId }],
      ]),
    );
    const isWhole = sameUnits(main.leaving, rest);
    if (!isWhole) await reduceShipment(tryton, main, spread(main, rest), { signal });
    if (!begun) await createShipment(tryton, { reference: part.reference, site: await siteOf(work, signal), address: null, lines: part.lines }, { signal }); // biome-ignore format: one thought
    const [own] = begun ? [begun] : await findShipments(tryton, [part.reference], { signal });
    if (!own) throw refused('Tryton took a part of the work and shows no shipment of it', { fulfillmentOrderId });
    await advance(tryton, own, 'waiting', { signal });
    if (own.state === 'draft' || own.state === 'waiting') await requireGoods(own, signal);
    const [again] = await findShipments(tryton, [fulfillmentOrderId], { signal });
    if (again?.state === 'waiting') await assign(tryton, again, { signal });
    await advance(tryton, own, 'done', { signal });
    return DONE;
  }

  /** The goods were assigned to the work a moment ago. Where somebody else has them now, the next attempt may get them. */
  async function requireGoods(shipment: TrytonShipment, signal: AbortSignal): Promise<void> {
    if (!(await assign(tryton, shipment, { signal })))
      throw new CommerceError('SYSTEM_PENDING', 'Tryton has the part of the work and lacks its goods', { system: 'Tryton', shipment: shipment.number }); // biome-ignore format: one thought
  }

  return {
    async release(work, signal) {
      const { fulfillmentOrderId } = work;
      return inTurn(fulfillmentOrderId, async () => {
        const site = await siteOf(work, signal);
        await keep(toKept(work, site.code), (kept) => kept);
        const find = () => findShipments(tryton, [fulfillmentOrderId], { signal });
        if ((await find()).length === 0) {
          await keepLines(new Map([[fulfillmentOrderId, { print: '', lines: work.lines.map(toUnits) }]]));
          if (!(await createShipment(tryton, { reference: fulfillmentOrderId, site, address: work.shipTo, lines: work.lines }, { signal })))
            throw refused('Tryton has no product with the code of a line: add it there, or put it in use', { fulfillmentOrderId }); // biome-ignore format: one thought
        }
        // Where an answer was lost while Tryton was still writing, two may come of it.
        const [first, ...others] = await find();
        if (!first) throw refused('Tryton took the work and shows no shipment of it', { fulfillmentOrderId });
        for (const one of others) await removeShipment(tryton, one, { signal });
        if (first.state === 'draft') await advance(tryton, first, 'waiting', { signal });
        await feed.look(signal);
        return { nodeReference: first.number };
      });
    },

    accept: (reference, signal) =>
      command(reference, signal, async ({ main }) => {
        if (main.state === 'cancelled') return WRONG;
        if (main.state !== 'waiting') return DONE; // it has gone on since
        return (await assign(tryton, main, { signal })) ? DONE : SHORT;
      }),

    reject: (reference, reason, signal) =>
      command(reference, signal, async (at) => {
        if (at.main.state === 'cancelled') return at.work.end?.kind === 'REFUSED' ? DONE : WRONG;
        return at.main.state === 'waiting' && at.work.parts.length === 0 ? end(at, 'REFUSED', reason, signal) : WRONG;
      }),

    confirmShipment: (reference, confirmation, signal) =>
      command(reference, signal, async (at) => {
        const decided = await decide(at, confirmation);
        return 'kind' in decided ? decided : ship(at, decided, signal);
      }),

    markReadyForPickup: (reference, signal) =>
      command(reference, signal, async ({ work, main }) => {
        if (!work.isCollected || !['assigned', 'picked', 'packed', 'done'].includes(main.state)) return WRONG;
        await advance(tryton, main, 'packed', { signal });
        return DONE;
      }),

    completePickup: (reference, signal) =>
      command(reference, signal, async ({ work, main }) => {
        if (!work.isCollected || !['packed', 'done'].includes(main.state)) return WRONG;
        await advance(tryton, main, 'done', { signal });
        return DONE;
      }),

    cancel: (reference, signal) =>
      command(reference, signal, async (at) => {
        if (at.main.state === 'cancelled') return at.work.end?.kind === 'CANCELLED' ? DONE : WRONG;
        const isBegun = at.work.parts.length > 0 || !['draft', 'waiting', 'assigned'].includes(at.main.state);
        return isBegun ? WRONG : end(at, 'CANCELLED', null, signal);
      }),

    putBack: (reference, signal) =>
      command(reference, signal, async (at) => {
        const { work, main } = at;
        const isBack = main.state === 'cancelled' && work.end?.kind === 'CANCELLED';
        if (!work.isCollected || !(isBack || main.state === 'packed')) return WRONG;
        const lines = isBack ? work.lines : main.leaving;
        const answer = isBack ? DONE : await end(at, 'CANCELLED', null, signal);
        // Tryton leaves what was picked where it stands: it has to be carried back to the shelf.
        const site = await siteOf(work, signal);
        await putBackOnShelf(tryton, { reference: `${work.fulfillmentOrderId}/back`, site, lines }, { signal });
        return answer;
      }),

    events: feed.events,
  };
}

function toKept({ fulfillmentOrderId, deliveryMethod, lines }: NodeWork, siteCode: string): KeptWork {
  return { fulfillmentOrderId, siteCode, isCollected: isCollected(deliveryMethod), lines, parts: [], end: null };
}

const toUnits = ({ lineRef, sku, quantity }: NodeUnits): NodeUnits => ({ lineRef, sku, quantity });

/** Units by line that packages hold; null when they hold more than is open. */
function unitsIn(packages: ShipmentConfirmation['packages'], open: readonly NodeUnits[]): NodeUnits[] | null {
  const wanted = new Map<string, number>();
  for (const { lineRef, quantity } of packages.flatMap((parcel) => parcel.lines)) wanted.set(lineRef, (wanted.get(lineRef) ?? 0) + quantity); // biome-ignore format: one thought
  const units: NodeUnits[] = [];
  for (const [lineRef, quantity] of wanted) {
    const line = open.find((one) => one.lineRef === lineRef);
    if (!line || quantity > line.quantity) return null;
    units.push({ lineRef, sku: line.sku, quantity });
  }
  return units;
}

function sameUnits(some: readonly { sku: string; quantity: number }[], others: readonly { sku: string; quantity: number }[]): boolean {
  const [left, right] = [bySku(some), bySku(others)];
  return left.size === right.size && [...left].every(([sku, units]) => right.get(sku) === units);
} // biome-ignore format: one thought

/** How many units each move of a shipment keeps when so many are to stay. */
function spread({ leaving }: TrytonShipment, rest: readonly NodeUnits[]): Map<number, number> {
  const units = bySku(rest);
  return new Map(
    leaving.map(({ id, sku, quantity }) => {
      const kept = Math.min(quantity, units.get(sku) ?? 0);
      units.set(sku, (units.get(sku) ?? 0) - kept);
      return [id, kept];
    }),
  );
}

function numbersOf({ carrier, trackingNumber, sscc }: ShipmentConfirmation['packages'][number]): [name: string, number: string][] {
  return [['trackingNumber', `${carrier} ${trackingNumber}`], ...(sscc === null ? [] : [['sscc', sscc] as [string, string]])];
} // biome-ignore format: one thought

function refused(message: string, details: Readonly<Record<string, unknown>>): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', message, { system: 'Tryton', ...details });
}
