import type { Act, ChannelCode, Crash, Plan, Site } from './actions.ts';

/** From the claim of the key to behind the last read of the answer, with room for more statements. */
const CRASHES = Array.from({ length: 13 }, (_, index): Crash => ({ at: 18 + index, side: 'before' }));

/** Short lives of the shop that the random ones rarely lead. */
export const EXAMPLES: Readonly<Record<string, Plan>> = {
  'what is released is kept for an order that waits, but for what its channel leaves to others': life(
    { EAST: 1, WEST: 2 },
    [hold('WEB', 2), wait('AMAZON', 3), { do: 'release', hold: 0 }, hold('WEB', 3), hold('AMAZON', 1), hold('WEB', 2)],
  ),
  'what arrives is kept for orders that wait, and only while they do': life({ EAST: 1 }, [
    hold('WEB', 1),
    wait('WEB', 2),
    wait('AMAZON', 3),
    { do: 'count', sku: 'C', site: 'WEST', delta: 6 },
    { do: 'readFeed', noise: 'none' },
    hold('WEB', 1),
    // A promise is kept all the same.
    { do: 'placeHeld', channel: 'WEB', hold: 0 },
    { do: 'cancel', order: 1, line: 0, quantity: 1 },
    hold('WEB', 3),
    hold('WEB', 1),
    { do: 'cancel', order: 0, line: 0, quantity: null },
    hold('AMAZON', 1),
  ]),
  'what arrives at the shop is kept for who collects there, and for nobody else': life({ SHOP: 1 }, [
    wait('WEB', 3, true),
    { do: 'count', sku: 'C', site: 'SHOP', delta: 4 },
    { do: 'count', sku: 'C', site: 'EAST', delta: 1 },
    { do: 'readFeed', noise: 'none' },
    hold('WEB', 3, true),
    hold('WEB', 2, true),
    hold('WEB', 1),
  ]),
  'a marketplace is told of the order that it placed before, wherever the connection breaks': life(
    { EAST: 9 },
    Array.from({ length: CRASHES.length + 1 }, () => placeAgain()),
    [null, ...CRASHES],
  ),
};

function placeAgain(): Act {
  const more = { atShop: false, backorder: false, unpaid: false, channelOrder: 0 };
  return { do: 'place', channel: 'AMAZON', lines: [{ sku: 'C', quantity: 1 }], ...more };
}

function hold(channel: ChannelCode, quantity: number, atShop = false): Act {
  return { do: 'hold', channel, lines: [{ sku: 'C', quantity }], atShop };
}

function wait(channel: ChannelCode, quantity: number, atShop = false): Act {
  const more = { backorder: true, unpaid: false, channelOrder: null };
  return { do: 'place', channel, lines: [{ sku: 'C', quantity }], atShop, ...more };
}

/** With these units of C, and none of anything else. `crashes`: of the act at the same place */
function life(
  stock: Partial<Record<Site, number>>,
  acts: readonly Act[],
  crashes: readonly (Crash | null)[] = [],
): Plan {
  const none = { EAST: 0, WEST: 0, SHOP: 0 };
  return {
    stock: { A: none, B: none, C: { ...none, ...stock } },
    actions: acts.map((act, index) => ({ ...act, process: 0, crash: crashes[index] ?? null, twins: false })),
  };
}
