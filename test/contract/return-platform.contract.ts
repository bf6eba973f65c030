import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ReturnPlatform, SignedWebhook } from '../../subgraphs/order/port.ts';

export interface ReturnPlatformWorld {
  readonly platform: ReturnPlatform;
  /** A buyer asks for the return of one unit of 71053 in the order `#1001`. @returns the platform's id of it */
  ask(): string;
  /** The return is withdrawn, or gets a state that is in no table. */
  withdraw(id: string): void;
  garble(id: string): void;
  /** It gets a label of a carrier, whose parcel is on its way. */
  send(id: string, trackingNumber: string): void;
  /** The webhook that says how it stands now. */
  webhook(id: string): SignedWebhook;
  /** Texts that are personal, and are in its messages. */
  readonly personal: readonly string[];
}

/** What the taking of returns relies on, of every platform. */
export function returnPlatformContract(name: string, open: () => ReturnPlatformWorld): void {
  describe(`ReturnPlatform: ${name}`, () => {
    let world: ReturnPlatformWorld;
    let id: string;
    beforeAll(() => {
      world = open();
      id = world.ask();
    });
    const heard = () => {
      const found = world.platform.hear(world.webhook(id));
      if (!found) throw new Error('nothing was heard');
      return found;
    };
    const read = () => world.platform.read(heard().record);

    it('tells of a return in our words, under an id of its own', () => {
      expect(heard().externalId).toBe(id);
      expect(read()).toMatchObject({ phase: 'PERMITTED', orderNames: expect.arrayContaining(['1001']), units: [{ sku: '71053', reason: expect.stringMatching(/^[A-Z_]+$/) }], labels: [] }); // biome-ignore format: one thought
    });

    it('says the same of the same', () => {
      expect(heard()).toEqual(heard());
    });

    it('hears only what the platform sent', () => {
      const call = world.webhook(id);
      const refused = expect.objectContaining({ code: 'UNAUTHENTICATED' });
      expect(() => world.platform.hear({ ...call, headers: {} })).toThrow(refused);
      const forged = { ...call, body: Buffer.from(call.body.toString().replace('71053', '22423')) };
      expect(forged.body.equals(call.body)).toBe(false);
      expect(() => world.platform.hear(forged)).toThrow(refused);
    });

    it('keeps nothing that is personal', () => {
      const text = JSON.stringify(heard().record);
      for (const word of world.personal) {
        expect(world.webhook(id).body.toString()).toContain(word);
        expect(text).not.toContain(word);
      }
    });

    it('tells of the label, and that its parcel moves', () => {
      world.send(id, 'R-1');
      expect(read()).toMatchObject({ labels: [{ trackingNumber: 'R-1', carrier: expect.any(String), moved: 'IN_TRANSIT' }] }); // biome-ignore format: one thought
    });

    it('tells that it is given up', () => {
      world.withdraw(id);
      expect(read()).toMatchObject({ phase: 'WITHDRAWN' });
    });

    it('says of a word that nobody knows which it is, and of what is no return that it is none', () => {
      world.garble(id);
      expect(read()).toEqual({ problem: expect.stringMatching(/"melted"/i) });
      for (const record of [null, 'text', {}, { id: 1 }]) expect(world.platform.read(record)).toEqual({ problem: expect.stringMatching(/^shape of /) }); // biome-ignore format: one thought
    });
  });
}
