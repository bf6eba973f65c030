import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { countStatements } from './count-statements.ts';
import type { StockChange } from './port.ts';
import { applyChanges, applyLevels, applyOwnBookings } from './projection.ts';
import { at, commit, differences, emptyStock, hold, position, stateOf, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));

const NOW = new Date('2026-11-23T09:00:00.000Z');

function booking(sequence: number, onHand: number, rest: Partial<StockChange> = {}): StockChange {
  return {
    sequence,
    onHand,
    siteCode: 'EAST',
    sku: 'BOLT',
    kind: 'ADJUSTMENT',
    measuredAt: NOW,
    reference: 'doc',
    lineRef: null,
    issued: 0,
    ...rest,
  };
}
const issue = (sequence: number, onHand: number, issued: number, lineRef: string, rest: Partial<StockChange> = {}) =>
  booking(sequence, onHand, { kind: 'SALE', reference: 'ful_1', lineRef, issued, ...rest });
const apply = (...changes: StockChange[]) => knex.transaction((trx) => applyChanges(trx, changes));
const movements = () =>
  query(
    knex,
    `select kind, on_hand_delta, committed_delta, reference, source_sequence from inventory.movement
     where kind <> 'ALLOCATION' order by id`,
  );

describe('bookings of the warehouse', () => {
  it('become the balance, one ledger row each', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    expect(await apply(booking(3, 9), booking(2, 12))).toEqual(['BOLT']);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 0, 0, 9]);
    expect(await movements()).toEqual([
      { kind: 'SNAPSHOT', on_hand_delta: 10, committed_delta: 0, reference: null, source_sequence: '1' },
      { kind: 'ADJUSTMENT', on_hand_delta: 2, committed_delta: 0, reference: 'doc', source_sequence: '2' },
      { kind: 'ADJUSTMENT', on_hand_delta: -3, committed_delta: 0, reference: 'doc', source_sequence: '3' },
    ]);
    expect(await differences(knex)).toEqual([]);
  });

  it('never overwrite a newer one, whenever they come', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    await apply(booking(9, 50));
    expect(await apply(booking(5, 20))).toEqual([]);
    expect(await apply(booking(9, 20))).toEqual([]);
    const old = { siteCode: 'EAST', sku: 'BOLT', onHand: 1, sequence: 8, measuredAt: NOW, incoming: null };
    await knex.transaction((trx) => applyLevels(trx, [old]));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([50, 0, 0, 50]);
    const [row] = await query(knex, 'select source_sequence, as_of from inventory.position');
    expect(row).toEqual({ source_sequence: '9', as_of: NOW });
  });

  it('make positions that were unknown', async () => {
    await stockUp(knex, {});
    await apply(booking(7, 4, { sku: 'NEW', siteCode: 'SHOP' }));
    expect(await position(knex, 'NEW', at('SHOP'))).toEqual([4, 0, 0, 4]);
    expect(await differences(knex)).toEqual([]);
  });

  it('do not count as a change when the balance is the same', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    expect(await apply(booking(4, 10))).toEqual([]);
    expect(await query(knex, 'select source_sequence from inventory.position')).toEqual([{ source_sequence: '4' }]);
    expect(await query(knex, 'select * from inventory.unannounced')).toEqual([]);
  });

  it('may fall below what is committed: the warehouse is right', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    await commit(knex, 'o1', [['BOLT', 8]]);
    await apply(booking(2, 3));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([3, 0, 8, 0]);
  });

  it('cost a fixed number of statements, for one row or for hundreds', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    const rows = Array.from({ length: 400 }, (_, n) => booking(n + 2, n, { sku: `S${n % 90}` }));
    const one = await countStatements(knex, () => apply(booking(2, 11)));
    const many = await countStatements(knex, () => apply(...rows));
    expect([one, many]).toEqual([4, 4]); // begin, apply, note what rose, commit
    expect(await differences(knex)).toEqual([]);
  });
});

describe('goods that left for an order', () => {
  beforeEach(async () => {
    await stockUp(knex, { BOLT: { EAST: 10, WEST: 10 }, NUT: { EAST: 10 } });
  });

  it('consume what is committed to the order line of the work, in the same booking', async () => {
    await commit(knex, 'o1', [
      ['BOLT', 4],
      ['NUT', 2],
    ]);
    await query(knex, "select inventory.assign_work('ful_1', array['fln_1', 'fln_2'], array['o1.l1', 'o1.l2'])");
    await apply(issue(2, 6, 4, 'fln_1'));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([6, 0, 0, 6]);
    const [{ id } = { id: '' }] = await query<{ id: string }>(
      knex,
      "select id from inventory.reservation where order_id = 'o1'",
    );
    expect(await stateOf(knex, id)).toBe('COMMITTED');
    await apply(issue(3, 8, 2, 'fln_2', { sku: 'NUT' }));
    expect(await stateOf(knex, id)).toBe('CONSUMED');
    expect(await movements()).toEqual([
      expect.objectContaining({ kind: 'SNAPSHOT' }),
      expect.objectContaining({ kind: 'SNAPSHOT' }),
      expect.objectContaining({ kind: 'SNAPSHOT' }),
      { kind: 'SALE', on_hand_delta: -4, committed_delta: -4, reference: 'ful_1', source_sequence: '2' },
      { kind: 'SALE', on_hand_delta: -2, committed_delta: -2, reference: 'ful_1', source_sequence: '3' },
    ]);
    expect(await differences(knex)).toEqual([]);
  });

  it('also name the order line itself', async () => {
    await commit(knex, 'o1', [['BOLT', 4]]);
    await apply(issue(2, 6, 4, 'o1.l1'));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([6, 0, 0, 6]);
  });

  it('consume in parts, never more than is committed, and only where they left', async () => {
    await commit(knex, 'o1', [['BOLT', 12]]); // 10 + 2
    await apply(issue(2, 7, 3, 'o1.l1'), issue(3, 2, 5, 'o1.l1'));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([2, 0, 2, 0]);
    await apply(issue(4, 0, 2, 'o1.l1'), issue(5, 9, 1, 'o1.l1', { siteCode: 'WEST' }));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([0, 0, 0, 0]);
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([9, 0, 1, 8]);
    await apply(issue(6, 2, 7, 'o1.l1', { siteCode: 'WEST' }));
    expect(await position(knex, 'BOLT', at('WEST'))).toEqual([2, 0, 0, 2]);
    expect(await differences(knex)).toEqual([]);
  });

  it('leave other orders alone, and are only a balance when they are not ours', async () => {
    await commit(knex, 'o1', [['BOLT', 4]]);
    await apply(issue(2, 7, 3, 'till-7'));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([7, 0, 4, 3]);
    expect(await differences(knex)).toEqual([]);
  });

  it('consume although a later balance is already known', async () => {
    await commit(knex, 'o1', [['BOLT', 4]]);
    await knex.transaction((trx) => applyOwnBookings(trx, [booking(3, 26)])); // our receipt of 20, answered at once
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([26, 0, 4, 22]);
    await apply(issue(2, 6, 4, 'o1.l1'), booking(3, 26));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([26, 0, 0, 26]);
    expect(await differences(knex)).toEqual([]);
  });

  it('are booked once, and end the hold that became the order, although a snapshot showed them before', async () => {
    await hold(knex, 'r1', [['BOLT', 4]]);
    const levels = (sequence: number, onHand: number) =>
      knex.transaction((trx) =>
        applyLevels(trx, [{ siteCode: 'EAST', sku: 'BOLT', onHand, sequence, measuredAt: NOW, incoming: null }]),
      );
    await levels(2, 9); // one was lost
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([9, 4, 0, 5]);
    await commit(knex, 'o1', [['BOLT', 4]], { reservation: 'r1' });
    await levels(3, 5);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 4, 1]);
    expect(await stateOf(knex, 'r1')).toBe('COMMITTED');
    await apply(issue(3, 5, 4, 'o1.l1'));
    await apply(issue(3, 5, 4, 'o1.l1'));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 0, 5]);
    expect(await stateOf(knex, 'r1')).toBe('CONSUMED');
    expect(await differences(knex)).toEqual([]);
  });

  it('do not consume when we caused the booking: the feed will', async () => {
    await commit(knex, 'o1', [['BOLT', 4]]);
    await knex.transaction((trx) => applyOwnBookings(trx, [issue(2, 6, 4, 'o1.l1')]));
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([6, 0, 4, 2]);
  });
});
