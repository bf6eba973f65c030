import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NodeEvent, NodeSystem, NodeWork, ShipmentConfirmation } from '../../subgraphs/fulfillment/port.ts';
import { type CapabilityOf, can, type SystemProfile } from '../../systems/port-map.ts';

const signal = new AbortController().signal;

const work: NodeWork = {
  fulfillmentOrderId: 'ful_1',
  locationId: '',
  deliveryMethod: 'SHIPPING',
  serviceLevel: null,
  shipTo: { name: 'Ada Buyer', line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' },
  lines: [
    { lineRef: 'line-1', sku: 'A', quantity: 3 },
    { lineRef: 'line-2', sku: 'B', quantity: 1 },
  ],
};
const pickup: NodeWork = { ...work, deliveryMethod: 'PICK_UP', shipTo: null };
const box = (trackingNumber: string, lines: readonly { lineRef: string; quantity: number }[]) => ({
  carrier: 'UPS',
  trackingNumber,
  sscc: null,
  serviceLevel: null,
  lines,
});

const EVERYTHING: SystemProfile = { name: 'Complete', kind: 'WMS', serves: { SHIPMENT: {} } };

/** What staff do at a node that hears no commands from here. Each resolves when it was told. */
export interface NodeStaff {
  accept(nodeReference: string): Promise<void>;
  ship(nodeReference: string, confirmation: ShipmentConfirmation): Promise<void>;
  /** Ships nothing, for good. */
  refuse(nodeReference: string): Promise<void>;
}

/**
 * The promises of NodeSystem. The node has enough of the SKUs A and B, and does nothing until staff act. What its profile lacks,
 * it must refuse, and tell nothing of.
 */
export function nodeSystemContract(
  name: string,
  start: () => Promise<{ nodes: NodeSystem; locationId: string; staff?: NodeStaff; stop(): Promise<void> }>,
  profile: SystemProfile = EVERYTHING,
): void {
  const able = (capability: CapabilityOf<'SHIPMENT'>) => can(profile, 'SHIPMENT', capability);
  describe(`NodeSystem: ${name}`, () => {
    let nodes: NodeSystem;
    let staff: NodeStaff | undefined;
    let at: (item: NodeWork) => NodeWork;
    let stop: () => Promise<void>;

    beforeEach(async () => {
      const started = await start();
      ({ nodes, staff, stop } = started);
      at = (item) => ({ ...item, locationId: started.locationId });
    });
    afterEach(() => stop());

    const events = async (): Promise<readonly NodeEvent[]> => (await nodes.events(0, 0, signal)).entries;
    const kinds = async () => (await events()).map((event) => event.kind);

    it('takes work once, and tells of it', async () => {
      const { nodeReference } = await nodes.release(at(work), signal);
      expect(await nodes.release(at(work), signal)).toEqual({ nodeReference });
      expect(await events()).toMatchObject([{ kind: 'RECEIVED', fulfillmentOrderId: 'ful_1', nodeReference }]);
    });

    if (able('STAFF_COMMANDS'))
      it('ships in parts; the same confirmation again ships nothing more', async () => {
        const { nodeReference } = await nodes.release(at(work), signal);
        expect(
          await nodes.confirmShipment(
            nodeReference,
            { key: 'early', packages: [box('T0', [{ lineRef: 'line-1', quantity: 1 }])] },
            signal,
          ),
        ).toMatchObject({ kind: 'refused', reason: 'WRONG_STATUS' });
        expect(await nodes.accept(nodeReference, signal)).toEqual({ kind: 'done' });
        expect(await nodes.accept(nodeReference, signal)).toEqual({ kind: 'done' });
        const first = { key: 'k1', packages: [{ ...box('T1', [{ lineRef: 'line-1', quantity: 2 }]), sscc: '123456789012345675' }] }; // biome-ignore format: one thought
        expect(await nodes.confirmShipment(nodeReference, first, signal)).toEqual({ kind: 'done' });
        expect(await nodes.confirmShipment(nodeReference, first, signal)).toEqual({ kind: 'done' });
        const tooMuch = { key: 'k2', packages: [box('T2', [{ lineRef: 'line-1', quantity: 2 }])] };
        expect(await nodes.confirmShipment(nodeReference, tooMuch, signal)).toMatchObject({
          kind: 'refused',
          reason: 'NOT_ENOUGH',
        });
        // A number is one package's; a refusal names the package and the number.
        const parcel = box('T4', [{ lineRef: 'line-1', quantity: 1 }]);
        const again = (more: object) => nodes.confirmShipment(nodeReference, { key: 'k4', packages: [{ ...parcel, ...more }] }, signal); // biome-ignore format: one thought
        const refused = (name: string) => ({ kind: 'refused', reason: 'INVALID', at: ['0', name] });
        expect(await again({ trackingNumber: 'T1' })).toMatchObject(refused('trackingNumber'));
        expect(await again({ sscc: '123456789012345675' })).toMatchObject(refused('sscc'));
        const rest = {
          key: 'k3',
          packages: [
            box('T3', [
              { lineRef: 'line-1', quantity: 1 },
              { lineRef: 'line-2', quantity: 1 },
            ]),
          ],
        };
        expect(await nodes.confirmShipment(nodeReference, rest, signal)).toEqual({ kind: 'done' });
        const issues = (await events()).filter((event) => event.kind === 'ISSUED');
        expect(issues.map((event) => event.packages.map((parcel) => parcel.trackingNumber))).toEqual([['T1'], ['T3']]);
        expect(issues[1]?.issued).toEqual(
          expect.arrayContaining([
            { lineRef: 'line-1', sku: 'A', quantity: 1 },
            { lineRef: 'line-2', sku: 'B', quantity: 1 },
          ]),
        );
      });

    if (able('BUNDLES_AS_SETS'))
      it('ships components of sets under their own references', async () => {
        const set = (lineRef: string, sku: string, quantity: number, perSet: number) => ({ lineRef, sku, quantity, set: { ref: 'line-1', perSet } }); // biome-ignore format: one thought
        const kits = at({ ...work, lines: [set('line-1/A', 'A', 4, 2), set('line-1/B', 'B', 2, 1)] });
        const { nodeReference } = await nodes.release(kits, signal);
        expect(await nodes.release(kits, signal)).toEqual({ nodeReference });
        await nodes.accept(nodeReference, signal);
        const one = [
          { lineRef: 'line-1/A', quantity: 2 },
          { lineRef: 'line-1/B', quantity: 1 },
        ];
        await nodes.confirmShipment(nodeReference, { key: 'k1', packages: [box('S1', one)] }, signal);
        expect((await events()).at(-1)).toMatchObject({
          kind: 'ISSUED',
          issued: [
            { lineRef: 'line-1/A', sku: 'A', quantity: 2 },
            { lineRef: 'line-1/B', sku: 'B', quantity: 1 },
          ],
        });
      });

    if (able('STAFF_COMMANDS'))
      it('refuses work with a reason, and then does nothing with it', async () => {
        const { nodeReference } = await nodes.release(at(work), signal);
        expect(await nodes.reject(nodeReference, 'OUT_OF_STOCK', signal)).toEqual({ kind: 'done' });
        expect(await nodes.accept(nodeReference, signal)).toMatchObject({ kind: 'refused', reason: 'WRONG_STATUS' });
        expect((await events()).at(-1)).toMatchObject({ kind: 'REFUSED', fulfillmentOrderId: 'ful_1' });
        expect((await events()).at(-1)?.reason).not.toBeNull();
      });

    if (able('HANDING_OVER'))
      it('hands work over at the counter', async () => {
        const { nodeReference } = await nodes.release(at(pickup), signal);
        expect(await nodes.completePickup(nodeReference, signal)).toMatchObject({ kind: 'refused' });
        await nodes.accept(nodeReference, signal);
        expect(await nodes.markReadyForPickup(nodeReference, signal)).toEqual({ kind: 'done' });
        expect(await nodes.completePickup(nodeReference, signal)).toEqual({ kind: 'done' });
        expect((await kinds()).filter((kind) => kind !== 'PICKING' && kind !== 'PACKED')).toEqual([
          'RECEIVED',
          'ACCEPTED',
          'READY_FOR_PICKUP',
          'PICKED_UP',
        ]);
        expect((await events()).at(-1)?.issued).toEqual(
          expect.arrayContaining([
            { lineRef: 'line-1', sku: 'A', quantity: 3 },
            { lineRef: 'line-2', sku: 'B', quantity: 1 },
          ]),
        );
      });

    if (able('STAFF_COMMANDS'))
      it('has done what it did, however far the work has gone since', async () => {
        const shipped = await nodes.release(at(work), signal);
        const all = { key: 'k1', packages: [box('T1', work.lines.map(({ lineRef, quantity }) => ({ lineRef, quantity })))] }; // biome-ignore format: one thought
        await nodes.accept(shipped.nodeReference, signal);
        await nodes.confirmShipment(shipped.nodeReference, all, signal);
        const collected = await nodes.release({ ...at(pickup), fulfillmentOrderId: 'ful_2' }, signal);
        await nodes.accept(collected.nodeReference, signal);
        await nodes.markReadyForPickup(collected.nodeReference, signal);
        await nodes.completePickup(collected.nodeReference, signal);
        const told = await events();
        const again = [
          await nodes.accept(shipped.nodeReference, signal),
          await nodes.confirmShipment(shipped.nodeReference, all, signal),
          await nodes.accept(collected.nodeReference, signal),
          await nodes.markReadyForPickup(collected.nodeReference, signal),
          await nodes.completePickup(collected.nodeReference, signal),
        ];
        expect(again).toEqual(again.map(() => ({ kind: 'done' })));
        expect(await events()).toEqual(told);
      });

    if (able('TAKING_BACK'))
      it('gives work back that nobody has begun, once, and says no to the rest', async () => {
        const { nodeReference } = await nodes.release(at(work), signal);
        expect(await nodes.putBack(nodeReference, signal)).toMatchObject({ kind: 'refused', reason: 'WRONG_STATUS' });
        await nodes.accept(nodeReference, signal);
        expect(await nodes.cancel(nodeReference, signal)).toEqual({ kind: 'done' });
        expect(await nodes.cancel(nodeReference, signal)).toEqual({ kind: 'done' });
        expect((await kinds()).filter((kind) => kind === 'CANCELLED')).toHaveLength(1);
        expect(await nodes.accept(nodeReference, signal)).toMatchObject({ kind: 'refused', reason: 'WRONG_STATUS' });

        const begun = await nodes.release({ ...at(work), fulfillmentOrderId: 'ful_2' }, signal);
        await nodes.accept(begun.nodeReference, signal);
        const part = { key: 'k1', packages: [box('C1', [{ lineRef: 'line-1', quantity: 1 }])] };
        await nodes.confirmShipment(begun.nodeReference, part, signal);
        const before = await kinds();
        expect(await nodes.cancel(begun.nodeReference, signal)).toMatchObject({
          kind: 'refused',
          reason: 'WRONG_STATUS',
        });
        expect(await kinds()).toEqual(before);
      });

    if (able('HANDING_OVER'))
      it('puts goods back that wait at the counter, once, and not when their buyer has them', async () => {
        const { nodeReference } = await nodes.release(at(pickup), signal);
        await nodes.accept(nodeReference, signal);
        await nodes.markReadyForPickup(nodeReference, signal);
        expect(await nodes.cancel(nodeReference, signal)).toMatchObject({ kind: 'refused' });
        expect(await nodes.putBack(nodeReference, signal)).toEqual({ kind: 'done' });
        expect(await nodes.putBack(nodeReference, signal)).toEqual({ kind: 'done' });
        expect((await events()).at(-1)).toMatchObject({ kind: 'CANCELLED', fulfillmentOrderId: 'ful_1' });
        expect(await nodes.completePickup(nodeReference, signal)).toMatchObject({ kind: 'refused' });

        const taken = await nodes.release({ ...at(pickup), fulfillmentOrderId: 'ful_2' }, signal);
        await nodes.accept(taken.nodeReference, signal);
        await nodes.markReadyForPickup(taken.nodeReference, signal);
        await nodes.completePickup(taken.nodeReference, signal);
        expect(await nodes.putBack(taken.nodeReference, signal)).toMatchObject({ kind: 'refused' });
      });

    if (!able('STAFF_COMMANDS')) {
      it('refuses what cannot be said from here, and tells nothing of it', async () => {
        const { nodeReference } = await nodes.release(at(work), signal);
        const told = await events();
        const all = { key: 'k1', packages: [box('T1', [{ lineRef: 'line-1', quantity: 1 }])] };
        const answers = [
          await nodes.accept(nodeReference, signal),
          await nodes.reject(nodeReference, 'OUT_OF_STOCK', signal),
          await nodes.confirmShipment(nodeReference, all, signal),
          ...(able('TAKING_BACK') ? [] : [await nodes.cancel(nodeReference, signal)]),
          ...(able('HANDING_OVER')
            ? []
            : [
                await nodes.markReadyForPickup(nodeReference, signal),
                await nodes.completePickup(nodeReference, signal),
                await nodes.putBack(nodeReference, signal),
              ]),
        ];
        expect(answers).toEqual(
          answers.map(() => ({ kind: 'refused', reason: 'WRONG_STATUS', message: expect.any(String) })),
        );
        expect(await events()).toEqual(told);
      });

      it('tells of what its staff do: of parts, of what does not come, and of work that is given back', async () => {
        const told = async () => (await events()).filter(({ kind }) => kind === 'ISSUED' || kind === 'REFUSED');
        const first = await nodes.release(at(work), signal);
        await staff?.accept(first.nodeReference);
        await staff?.ship(first.nodeReference, {
          key: 'k1',
          packages: [{ ...box('T1', [{ lineRef: 'line-1', quantity: 2 }]), sscc: '123456789012345675' }],
        });
        await staff?.ship(first.nodeReference, {
          key: 'k2',
          packages: [
            box('T2', [
              { lineRef: 'line-1', quantity: 1 },
              { lineRef: 'line-2', quantity: 1 },
            ]),
          ],
        });
        const line = (lineRef: string, sku: string, quantity: number) => ({ lineRef, sku, quantity });
        expect(await told()).toMatchObject([
          {
            kind: 'ISSUED',
            nodeReference: first.nodeReference,
            packages: [
              { carrier: 'UPS', trackingNumber: 'T1', sscc: '123456789012345675', lines: [line('line-1', 'A', 2)] },
            ],
            issued: [line('line-1', 'A', 2)],
            short: [],
          },
          {
            kind: 'ISSUED',
            packages: [{ trackingNumber: 'T2' }],
            issued: [line('line-1', 'A', 1), line('line-2', 'B', 1)],
            short: [],
          },
        ]);
        const second = await nodes.release({ ...at(work), fulfillmentOrderId: 'ful_2' }, signal);
        await staff?.refuse(second.nodeReference);
        expect((await told()).at(-1)).toMatchObject({
          kind: 'REFUSED',
          fulfillmentOrderId: 'ful_2',
          reason: expect.any(String),
        });
      });
    }
    if (!able('HANDING_OVER')) {
      it('takes no work that a buyer comes for', async () => {
        await expect(nodes.release(at(pickup), signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
        expect(await events()).toEqual([]);
      });
    }

    it('tells its events in order behind a position', async () => {
      const { nodeReference } = await nodes.release(at(work), signal);
      if (staff) await staff.accept(nodeReference);
      else await nodes.accept(nodeReference, signal);
      const all = await events();
      expect(all.map(({ kind }) => kind)).toEqual(['RECEIVED', 'ACCEPTED']);
      const positions = all.map((event) => event.position);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      const later = await nodes.events(all[0]?.position ?? 0, 0, signal);
      expect(later.entries).toEqual(all.slice(1));
      expect(await nodes.events(later.next, 0, signal)).toMatchObject({ entries: [], next: later.next });
    });
  });
}
