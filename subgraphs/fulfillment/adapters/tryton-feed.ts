import { sleep } from '../../../platform/clock.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import { findShipments, readChangedShipments } from '../../../systems/tryton/shipments.ts';
import type { FeedPart, NodeEvent } from '../port.ts';
import { eventsOf, type KeptWork, type KeyedEvent, referencesOf } from './tryton-work.ts';

export const WORKS = 'node-works';
const EVENTS = 'node-events';
const MARK = 'node-mark';

/** How far back shipments are read again, in milliseconds: a transaction that ends late shows a change of an earlier moment. */
const OVERLAP_MILLIS = 600_000;
/** How often a waiting reader looks into the journal, in milliseconds. */
const LOOK_AGAIN_MILLIS = 20;
const PAGE = 200;

export interface TrytonNodeFeed {
  /** Takes over what happened in Tryton since the last look. */
  look(signal: AbortSignal): Promise<void>;
  events(after: number, waitSeconds: number, signal: AbortSignal): Promise<FeedPart<NodeEvent>>;
}

/** A numbered feed of what happens to our work, out of the shipments of Tryton, which tells nobody of anything. */
export function trytonNodeFeed(
  tryton: TrytonClient,
  journal: ObservedJournal,
  lookEveryMillis: number,
): TrytonNodeFeed {
  let seen: string | null = null;
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function look(signal: AbortSignal): Promise<void> {
    const begun = await journal.begin(WORKS);
    const [mark] = await journal.find<{ newest: string }>(MARK, ['shipments']);
    const since = mark ? new Date(Date.parse(mark.body.newest) - OVERLAP_MILLIS) : null;
    const changed = await readChangedShipments(tryton, since, { signal });
    const found = JSON.stringify(changed);
    if (found === seen) return;
    const names = [...new Set(changed.map(({ reference }) => reference.split('/')[0] ?? ''))];
    const works = await journal.find<KeptWork>(WORKS, names);
    const references = works.flatMap(({ body }) => referencesOf(body));
    const shipments = references.length === 0 ? [] : await findShipments(tryton, references, { signal });
    const settled = await begun.settle(async ({ find, put }) => {
      // Read again: what was confirmed meanwhile says which packages left.
      const now = await find<KeptWork>(WORKS, names);
      const events = now.flatMap(({ body }) => {
        const own = new Set(referencesOf(body));
        return eventsOf(body, shipments.filter(({ reference }) => own.has(reference))); // biome-ignore format: one thought
      });
      const known = new Set((await find(EVENTS, events.map(({ key }) => key))).map(({ key }) => key)); // biome-ignore format: one thought
      const fresh = events.filter(({ key }) => !known.has(key));
      await put(EVENTS, new Map(fresh.map(({ key, event }) => [key, event])));
      const newest = Math.max(0, ...changed.map(({ changedAt }) => changedAt.getTime()));
      if (newest > 0) await put(MARK, new Map([['shipments', { newest: new Date(newest).toISOString() }]]));
    });
    if (settled !== null) seen = found;
  }

  return {
    look,
    async events(after, waitSeconds, signal) {
      const deadline = Date.now() + waitSeconds * 1_000;
      for (;;) {
        if (performance.now() - lookedAt >= lookEveryMillis) {
          await look(signal);
          lookedAt = performance.now();
        }
        const records = await journal.read<KeyedEvent['event']>(EVENTS, after, PAGE);
        if (records.length > 0 || Date.now() >= deadline || signal.aborted) {
          const entries = records.map(({ position, body }) => ({ ...body, position, occurredAt: new Date(body.occurredAt) })); // biome-ignore format: one thought
          return { entries, next: entries.at(-1)?.position ?? after };
        }
        await sleep(Math.min(Math.max(lookEveryMillis, LOOK_AGAIN_MILLIS), deadline - Date.now()), signal);
      }
    },
  };
}
