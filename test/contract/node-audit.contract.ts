import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NodeAudit, NodeSystem, NodeWork, NodeWorkRecord } from '../../subgraphs/fulfillment/port.ts';

const { signal } = new AbortController();

export interface StartedNodeAudit {
  readonly audit: NodeAudit;
  readonly nodes: NodeSystem;
  /** A node without other work, whose staff does everything, with enough of the SKU A. */
  readonly locationId: string;
  stop(): Promise<void>;
}

/** The promises of NodeAudit. */
export function nodeAuditContract(name: string, start: () => Promise<StartedNodeAudit>): void {
  describe(`NodeAudit: ${name}`, () => {
    let started: StartedNodeAudit;
    const references = new Map<string, string>();

    /** Work of three units of A. @returns the node's number of it */
    async function release(fulfillmentOrderId: string, deliveryMethod: NodeWork['deliveryMethod'] = 'SHIPPING') {
      const { nodes, locationId } = started;
      const lines = [{ lineRef: `${fulfillmentOrderId}-1`, sku: 'A', quantity: 3 }];
      const shipTo = { name: 'Ada Buyer', line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' }; // biome-ignore format: one thought
      const work = { fulfillmentOrderId, locationId, deliveryMethod, serviceLevel: null, lines };
      const { nodeReference } = await nodes.release({ ...work, shipTo: deliveryMethod === 'SHIPPING' ? shipTo : null }, signal); // biome-ignore format: one thought
      references.set(fulfillmentOrderId, nodeReference);
      return nodeReference;
    }
    const ship = (reference: string, id: string, quantity: number) =>
      started.nodes.confirmShipment(
        reference,
        {
          key: `${id}-gi`,
          packages: [
            { carrier: 'UPS', trackingNumber: `T-${id}`, sscc: null, serviceLevel: null, lines: [{ lineRef: `${id}-1`, quantity }] },
          ],
        },
        signal,
      ); // biome-ignore format: one thought

    beforeAll(async () => {
      started = await start();
      const { nodes } = started;
      await release('ful_new');
      const part = await release('ful_part');
      await nodes.accept(part, signal);
      await ship(part, 'ful_part', 1);
      const gone = await release('ful_gone');
      await nodes.accept(gone, signal);
      await ship(gone, 'ful_gone', 3);
      await nodes.reject(await release('ful_refused'), 'OUT_OF_STOCK', signal);
      await nodes.cancel(await release('ful_cancelled'), signal);
      for (const id of ['ful_counter', 'ful_collected']) {
        const reference = await release(id, 'PICK_UP');
        await nodes.accept(reference, signal);
        await nodes.markReadyForPickup(reference, signal);
        if (id === 'ful_collected') await nodes.completePickup(reference, signal);
      }
    });
    afterAll(() => started.stop());

    async function everything(limit: number): Promise<NodeWorkRecord[]> {
      const all: NodeWorkRecord[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: Awaited<ReturnType<NodeAudit['works']>> = await started.audit.works(cursor ?? null, limit, signal);
        expect(page.records.length).toBeLessThanOrEqual(limit);
        all.push(...page.records);
        cursor = page.next;
      }
      return all;
    }

    it.each([2, 500])('has all work as it is now, each once, in pages of %i', async (limit) => {
      const line = (id: string, issued: number) => [{ lineRef: `${id}-1`, issued, short: 0 }];
      const expected: Readonly<Record<string, Pick<NodeWorkRecord, 'isOver' | 'lines'>>> = {
        ful_new: { isOver: false, lines: line('ful_new', 0) },
        ful_part: { isOver: false, lines: line('ful_part', 1) },
        ful_gone: { isOver: true, lines: line('ful_gone', 3) },
        ful_refused: { isOver: true, lines: null },
        ful_cancelled: { isOver: true, lines: null },
        // What waits at the counter has not left.
        ful_counter: { isOver: false, lines: line('ful_counter', 0) },
        ful_collected: { isOver: true, lines: line('ful_collected', 3) },
      };
      const records = await everything(limit);
      expect(records).toHaveLength(7);
      for (const record of records) {
        const { fulfillmentOrderId: id, nodeReference, ...rest } = record;
        expect([id, nodeReference, rest]).toEqual([id, references.get(id), expected[id]]);
      }
    });

    it('knows what it was asked to do, and nothing else', async () => {
      expect(await started.audit.has('ful_refused', signal)).toBe(true);
      expect(await started.audit.has('ful_unheard_of', signal)).toBe(false);
    });

    it('tells the events of the nodes from the beginning, as often as it is asked', async () => {
      const told = await started.audit.events(0, 0, signal);
      expect(told).toEqual(await started.nodes.events(0, 0, signal));
      expect(told.entries.filter(({ kind }) => kind === 'RECEIVED')).toHaveLength(7);
    });
  });
}
