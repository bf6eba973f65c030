import { sleep } from '../../../platform/clock.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { derivedId } from '../../../platform/ids.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import { CannotBeAsked, type X12Exchange } from '../../../systems/x12/exchange.ts';
import type { X12Partner } from '../../../systems/x12/partners.ts';
import { type KeptEvent, STREAMS } from '../../../systems/x12/records.ts';
import { isCollected } from '../model.ts';
import type { NodeAnswer, NodeEvent, NodeSystem } from '../port.ts';

/**
 * Events of nodes are known by their positions alone, whichever system tells them: those of files begin where no feed of another
 * system arrives.
 */
const FIRST_POSITION = 1_000_000_000_000_000;
const PREFIX = 'X12-';
const PAGE = 200;
/** How often a waiting reader looks into the journal, in milliseconds. */
const LOOK_AGAIN_MILLIS = 500;

/** What is of these nodes, of all there are. */
export interface X12Nodes extends NodeSystem {
  serves(locationId: string): boolean;
  owns(nodeReference: string): boolean;
}

/** 3PLs that are told and tell by files. Their staff hear no command from here: what they do is in their files. */
export function x12NodeSystem(
  partners: readonly X12Partner[],
  exchange: X12Exchange,
  journal: ObservedJournal,
): X12Nodes {
  const byLocation = new Map(partners.map((partner) => [derivedId('location', partner.site.code), partner]));
  const refused = async (): Promise<NodeAnswer> => ({
    kind: 'refused',
    reason: 'WRONG_STATUS',
    message: 'This node tells by files what it does; it cannot be told from here. Call it: it answers with a file.',
  });
  return {
    serves: (locationId) => byLocation.has(locationId),
    owns: (nodeReference) => nodeReference.startsWith(PREFIX),

    async release(work) {
      const partner = byLocation.get(work.locationId);
      const reject = (why: string) => new CommerceError('SYSTEM_REJECTED', `the 3PL cannot be asked: ${why}`, { locationId: work.locationId }); // biome-ignore format: one thought
      if (!partner) throw reject('it has no such location');
      if (isCollected(work.deliveryMethod) || work.shipTo === null) throw reject('it has no counter at which a buyer is served'); // biome-ignore format: one thought
      const { name, line1, line2, city, region, postalCode, countryCode } = work.shipTo;
      const shipTo = {
        // A label has a name on it.
        name: plain(name?.trim() || 'The recipient'),
        line1: plain(line1),
        line2: line2 ? plain(line2) : null,
        city: plain(city),
        // An 940 has room for a code of two letters; elsewhere the postcode says it.
        region: region && /^[A-Z]{2}$/i.test(region) ? region.toUpperCase() : null,
        postalCode: postalCode || null,
        countryCode,
      };
      const lines = work.lines.map(({ lineRef, sku, quantity }) => ({ lineRef, sku, quantity }));
      try {
        const number = await exchange.ask(partner, { workId: work.fulfillmentOrderId, service: work.serviceLevel, shipTo, lines }); // biome-ignore format: one thought
        return { nodeReference: PREFIX + number };
      } catch (error) {
        if (error instanceof CannotBeAsked) throw reject(error.message);
        throw error;
      }
    },
    accept: refused,
    reject: refused,
    confirmShipment: refused,
    markReadyForPickup: refused,
    completePickup: refused,
    cancel: refused,
    putBack: refused,

    async events(after, waitSeconds, signal) {
      const deadline = Date.now() + waitSeconds * 1_000;
      for (;;) {
        const records = await journal.read<KeptEvent>(STREAMS.events, Math.max(0, after - FIRST_POSITION), PAGE);
        const entries = records.map(({ position, body }) => toNodeEvent(FIRST_POSITION + position, body));
        if (entries.length > 0 || Date.now() >= deadline || signal.aborted)
          return { entries, next: entries.at(-1)?.position ?? after };
        await sleep(Math.min(LOOK_AGAIN_MILLIS, deadline - Date.now()), signal);
      }
    },
  };
}

/** Letters without their accents: X12 has none. */
const plain = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss').replaceAll('ø', 'o').replaceAll('Ø', 'O').replaceAll('æ', 'ae').replaceAll('Æ', 'AE').replaceAll('ł', 'l').replaceAll('Ł', 'L'); // biome-ignore format: one thought

function toNodeEvent(position: number, event: KeptEvent): NodeEvent {
  const { kind, workId, orderNumber, occurredAt, reason, packages, issued, short } = event;
  return {
    position,
    kind,
    fulfillmentOrderId: workId,
    nodeReference: PREFIX + orderNumber,
    occurredAt: new Date(occurredAt),
    reason,
    packages,
    issued,
    short,
  };
}

/** Work at several systems: each knows its own, told apart by location and by the node's number of the work. `events` are the first's. */
export function nodesOf(warehouse: NodeSystem, files: X12Nodes): NodeSystem {
  const of = (nodeReference: string): NodeSystem => (files.owns(nodeReference) ? files : warehouse);
  return {
    release: (work, signal) => (files.serves(work.locationId) ? files : warehouse).release(work, signal),
    accept: (reference, signal) => of(reference).accept(reference, signal),
    reject: (reference, reason, signal) => of(reference).reject(reference, reason, signal),
    confirmShipment: (reference, confirmation, signal) => of(reference).confirmShipment(reference, confirmation, signal), // biome-ignore format: one thought
    markReadyForPickup: (reference, signal) => of(reference).markReadyForPickup(reference, signal),
    completePickup: (reference, signal) => of(reference).completePickup(reference, signal),
    cancel: (reference, signal) => of(reference).cancel(reference, signal),
    putBack: (reference, signal) => of(reference).putBack(reference, signal),
    events: warehouse.events,
  };
}
