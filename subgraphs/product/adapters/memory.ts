import { sleep } from '../../../platform/clock.ts';
import type { CatalogueFact, ProductSource, RejectedRecord } from '../port.ts';

/** What a test lets the source tell next. */
export interface MemoryProductSource extends ProductSource {
  /** Each argument is one change. */
  tell(...changes: readonly (CatalogueFact | { readonly rejected: RejectedRecord })[]): void;
}

const STREAM = 'all';
const LOOK_AGAIN_MILLIS = 10;

/** A source that lives in this process, for tests. */
export function memoryProductSource(...facts: readonly CatalogueFact[]): MemoryProductSource {
  const told: (CatalogueFact | { readonly rejected: RejectedRecord })[] = [...facts];
  return {
    name: 'memory',
    streams: [STREAM],
    tell(...changes) {
      told.push(...changes);
    },
    async changesAfter(_stream, cursor, { limit, waitSeconds, signal }) {
      const after = cursor === null ? 0 : Number(cursor);
      const deadline = Date.now() + waitSeconds * 1_000;
      while (told.length === after && Date.now() < deadline && !signal.aborted) await sleep(LOOK_AGAIN_MILLIS, signal);
      const page = told.slice(after, after + limit);
      return {
        facts: page.flatMap((change) => ('rejected' in change ? [] : [change])),
        rejected: page.flatMap((change) => ('rejected' in change ? [change.rejected] : [])),
        cursor: after + page.length === 0 ? null : String(after + page.length),
      };
    },
  };
}
