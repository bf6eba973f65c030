import { randomUUID } from 'node:crypto';
import { at } from '../../../subgraphs/inventory/sample-stock.ts';
import { callerOf } from '../../helpers/subgraph.ts';
import type { MutationCases } from '../mutation-case.ts';
import { backOffice, type World } from '../world.ts';

const HOLD =
  'mutation ($input: ReservationHoldInput!) { reservationHold(input: $input) { reservation { id } userErrors { code message } } }';

async function held(world: World): Promise<string> {
  const input = { idempotencyKey: randomUUID(), lines: [{ sku: 'LANTERN', quantity: 1 }], ttlSeconds: 60 };
  const { data } = await world.send(HOLD, { input }, callerOf());
  return data?.reservationHold?.reservation.id;
}

export const inventory: MutationCases = {
  reservationHold: {
    prepare: async () => ({ input: { lines: [{ sku: 'LANTERN', quantity: 2 }], ttlSeconds: 600 } }),
    otherwise: ({ input }) => ({ input: { ...input, lines: [{ sku: 'LANTERN', quantity: 3 }] } }),
  },
  reservationExtend: {
    prepare: async (world) => ({ reservationId: await held(world), input: { ttlSeconds: 600 } }),
    otherwise: ({ reservationId, input }) => ({ reservationId, input: { ...input, ttlSeconds: 900 } }),
  },
  reservationRelease: {
    prepare: async (world) => ({ reservationId: await held(world) }),
    otherwise: null,
  },
  inventoryAdjust: {
    caller: backOffice('warehouse'),
    prepare: async () => ({ input: { sku: 'LANTERN', locationId: at('EAST'), reason: 'RECEIPT', delta: 5 } }),
    otherwise: ({ input }) => ({ input: { ...input, delta: 6 } }),
  },
};
