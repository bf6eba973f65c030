import { sleep } from '../../../platform/clock.ts';
import type { ChangeEntry, ProductSource } from '../port.ts';

export interface MemoryProductSource extends ProductSource {
  /** What the source knows next; each entry is one change. */
  tell(...entries: readonly ChangeEntry[]): void;
}

const STREAM = 'all';
const LOOK_AGAIN_MILLIS = 10;

/** A source that lives in this process, for tests. */
export function memoryProductSource(...entries: readonly ChangeEntry[]): MemoryProductSource {
  const told = [...entries];
  return {
    name: 'memory',
    streams: [STREAM],
    tell(...more) {
      told.push(...more);
    },
    async changesAfter(_stream, after, { limit, waitSeconds, signal }) {
      const deadline = Date.now() + waitSeconds * 1_000;
      while (told.length <= after && Date.now() < deadline && !signal.aborted) await sleep(LOOK_AGAIN_MILLIS, signal);
      const page = told.slice(after, after + limit);
      return { entries: page, next: after + page.length };
    },
  };
}
