import { sleep } from '../../../platform/clock.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import type { ChangeEntry, ProductSource } from '../port.ts';

/** What a look at a stream of a system saw. */
export interface Seen {
  readonly entries: readonly ChangeEntry[];
  /** True when that was everything: what was seen before and is not among it is gone. */
  readonly isAll: boolean;
  /** Called when it was taken over: the next look may begin where this one did. */
  readonly onTaken?: () => void;
}

/** Looks at a stream. @returns null when nothing can have changed since the last look that was taken over */
export type LookAt = (signal: AbortSignal) => Promise<Seen | null>;

/** How often a waiting reader looks into the journal, in milliseconds. */
const LOOK_AGAIN_MILLIS = 20;

/**
 * A source over a system that numbers no changes: what it says is compared with what it said before, and what differs, or
 * is gone, is a change. See docs/adr/0023.
 * @param name as positions, facts and exceptions name the system
 * @param lookEveryMillis pause between two looks at a stream
 */
export function observedProductSource(
  name: string,
  journal: ObservedJournal,
  streams: Readonly<Record<string, LookAt>>,
  lookEveryMillis: number,
): ProductSource {
  const lookedAt = new Map<string, number>();

  async function look(stream: string, signal: AbortSignal): Promise<void> {
    const lookAt = streams[stream];
    if (!lookAt) throw new Error(`${name} has no stream ${stream}`);
    const now = performance.now();
    if (now - (lookedAt.get(stream) ?? Number.NEGATIVE_INFINITY) < lookEveryMillis) return;
    const begun = await journal.begin(stream);
    const seen = await lookAt(signal);
    if (seen) {
      const records = new Map(seen.entries.map((entry) => [`${kindOf(entry)} ${entry.key}`, toJson(entry)]));
      const taken = seen.isAll
        ? await begun.settleAll<unknown>(records, removalOf)
        : (await begun.settle(({ put }) => put(stream, records))) !== null;
      if (taken) seen.onTaken?.();
    }
    lookedAt.set(stream, now);
  }

  return {
    name,
    streams: Object.keys(streams),
    async changesAfter(stream, after, { limit, waitSeconds, signal }) {
      const deadline = Date.now() + waitSeconds * 1_000;
      for (;;) {
        await look(stream, signal);
        const records = await journal.read<unknown>(stream, after, limit);
        if (records.length > 0 || Date.now() >= deadline || signal.aborted)
          return { entries: records.map(({ body }) => fromJson(body)), next: records.at(-1)?.position ?? after };
        await sleep(Math.min(Math.max(lookEveryMillis, LOOK_AGAIN_MILLIS), deadline - Date.now()), signal);
      }
    },
  };
}

/** What an entry is about, as the journal names it: a record that was set aside and its removal count as the record itself. */
const kindOf = (entry: ChangeEntry): string =>
  entry.kind === 'rejected' ? entry.record : entry.kind.replace('Removed', '');

function removalOf(recordKey: string): unknown {
  const place = recordKey.indexOf(' ');
  return { kind: `${recordKey.slice(0, place)}Removed`, key: recordKey.slice(place + 1) };
}

function toJson(entry: ChangeEntry): unknown {
  if (entry.kind === 'price') return { ...entry, amountMinor: entry.amountMinor.toString() };
  return entry;
}

/** The journal keeps JSON that only this adapter wrote. */
function fromJson(body: unknown): ChangeEntry {
  const entry = body as ChangeEntry;
  if (entry.kind === 'product') return { ...entry, recordedAt: new Date(entry.recordedAt) };
  if (entry.kind !== 'price') return entry;
  const validTo = entry.validTo === null ? null : new Date(entry.validTo);
  return { ...entry, amountMinor: BigInt(entry.amountMinor), validFrom: new Date(entry.validFrom), validTo };
}
