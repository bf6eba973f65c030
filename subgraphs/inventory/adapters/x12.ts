import { sleep } from '../../../platform/clock.ts';
import { CommerceError } from '../../../platform/errors.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import type { X12Partner } from '../../../systems/x12/partners.ts';
import { type KeptBooking, type KeptLevel, STREAMS } from '../../../systems/x12/records.ts';
import type { StockSource } from '../port.ts';

const PAGE = 1_000;
/** How often a waiting reader looks into the journal, in milliseconds. */
const LOOK_AGAIN_MILLIS = 500;

/** Stock of 3PLs as their files tell it: a count is a correction, what left is a sale of the line that it left for. */
export function x12StockSource(partners: readonly X12Partner[], journal: ObservedJournal): StockSource {
  const refuse = async (key: string): Promise<never> => {
    throw new CommerceError('SYSTEM_REJECTED', 'A 3PL that is reached by files books nothing from here: have it count, and it tells the balance', { key }); // biome-ignore format: one thought
  };
  return {
    sites: async () => partners.map(({ site }) => ({ ...site, kind: 'THIRD_PARTY_LOGISTICS' })),

    async changes(after, { limit, waitSeconds }, signal) {
      const deadline = Date.now() + waitSeconds * 1_000;
      for (;;) {
        // Before the records: a booking between the two is no gap.
        const head = await journal.head(STREAMS.bookings);
        const records = await journal.read<KeptBooking>(STREAMS.bookings, after, limit);
        if (records.length > 0 || Date.now() >= deadline || signal.aborted) {
          const changes = records.map(({ position, body }) => ({ ...body, sequence: position, measuredAt: new Date(body.measuredAt) })); // biome-ignore format: one thought
          return { changes, rejected: [], foreign: [], head };
        }
        await sleep(Math.min(LOOK_AGAIN_MILLIS, deadline - Date.now()), signal);
      }
    },

    supply: async () => ({ lots: [], rejected: [], head: await journal.head(STREAMS.bookings) }),

    async *snapshot() {
      const head = await journal.head(STREAMS.bookings);
      for (let after = 0; ; ) {
        const page = await journal.read<KeptLevel>(STREAMS.levels, after, PAGE);
        const levels = page.map(({ body: { siteCode, sku, onHand, sequence, measuredAt } }) => ({ siteCode, sku, onHand, sequence, measuredAt: new Date(measuredAt), incoming: null })); // biome-ignore format: one thought
        yield { levels, rejected: [], head };
        if (page.length < PAGE) return;
        after = page.at(-1)?.position ?? after;
      }
    },

    adjust: ({ key }) => refuse(key),
    receiveReturn: ({ key }) => refuse(key),
    putAside: ({ key }) => refuse(key),
  };
}
