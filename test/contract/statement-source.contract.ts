import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelStatement, StatementSource } from '../../subgraphs/settlement/port.ts';

/** A channel under test: tells how a statement and a payout come to be there. */
export interface StatementSourceWorld {
  readonly source: StatementSource;
  /** @param createdAt when the channel made it */
  add(id: string, createdAt: Date, content: string): void;
  /** One that was begun at a moment and is not finished. */
  addUnfinished(id: string, createdAt: Date): void;
  addPayout(id: string, startedAt: Date): void;
  stop(): Promise<void>;
}

const day = (number: number) => new Date(Date.UTC(2026, 10, number, 12));
const signal = new AbortController().signal;

/** What settlement relies on, of any channel that its statements are fetched from. */
export function statementSourceContract(name: string, open: () => Promise<StatementSourceWorld>): void {
  describe(`statement source: ${name}`, () => {
    let world: StatementSourceWorld;
    beforeAll(async () => {
      world = await open();
      // Not in the order of their time.
      for (const number of [5, 2, 4, 1, 3]) world.add(`s-${number}`, day(number), contentOf(number));
    });
    afterAll(() => world.stop());

    const contentOf = (number: number) => `{"transactions":[{"id":"s-${number}","amount":${number}.10}]}`;
    const since = (number: number) => world.source.statementsSince(day(number), signal);
    const ids = (statements: readonly ChannelStatement[]) => statements.map(({ id }) => id);
    async function bytes(statement: ChannelStatement): Promise<string> {
      const pieces: Uint8Array[] = [];
      for await (const piece of world.source.read(statement, signal)) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    }

    it('tells every statement once, the oldest first, over all pages', async () => {
      const told = await since(1);
      expect(ids(told)).toEqual(['s-1', 's-2', 's-3', 's-4', 's-5']);
      expect(told.map(({ createdAt }) => createdAt)).toEqual([1, 2, 3, 4, 5].map(day));
      expect(await since(1)).toEqual(told);
    });

    it('tells those since a moment, the one of that moment among them', async () => {
      expect(ids(await since(4))).toEqual(['s-4', 's-5']);
      expect(await since(6)).toEqual([]);
    });

    it('reads the same bytes every time', async () => {
      for (const statement of await since(4)) {
        const first = await bytes(statement);
        expect(first).toContain(`"id":"${statement.id}"`);
        expect(await bytes(statement)).toBe(first);
      }
    });

    it('tells a statement that comes late, and none that is not finished', async () => {
      world.add('late', day(2), contentOf(9));
      world.addUnfinished('open', day(3));
      expect(ids(await since(2))).toEqual(['late', 's-2', 's-3', 's-4', 's-5']);
    });

    it('says what it knows of payouts, over all pages', async () => {
      for (const number of [1, 2, 3, 4, 5]) world.addPayout(`p-${number}`, day(number));
      const told: string[] = [];
      for await (const answer of world.source.payoutsSince(day(2), signal)) {
        const { payouts } = JSON.parse(answer) as { payouts: { id: string }[] };
        told.push(...payouts.map(({ id }) => id));
      }
      expect(told.sort()).toEqual(['p-2', 'p-3', 'p-4', 'p-5']);
    });
  });
}
