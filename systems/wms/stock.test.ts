import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startWarehouse, type Warehouse } from '../../test/helpers/warehouse.ts';

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await startWarehouse();
});
afterEach(() => warehouse.stop());

const correction = {
  reference: 'adj-1',
  site: 'DC1',
  articleNo: 'ART-A',
  change: { delta: -3 },
  reasonCode: 'DAMAGE',
} as const;
const onHand = async (articleNo: string) =>
  (await warehouse.wms.stock({ site: 'DC1', articleNos: [articleNo] })).positions[0]?.quantity;
const lastLedgerNo = async () => (await warehouse.wms.stockLedger({ after: 0 })).lastLedgerNo;

it('books a correction once per reference and answers a repeat with the first answer', async () => {
  const before = await lastLedgerNo();
  const first = await warehouse.wms.adjust(correction);
  const second = await warehouse.wms.adjust(correction);
  expect(first).toMatchObject({
    ledgerNo: before + 1,
    movementCode: 'AD',
    quantityDelta: -3,
    balanceAfter: 97,
    documentRef: 'adj-1',
  });
  expect(second).toEqual(first);
  expect(await lastLedgerNo()).toBe(before + 1);
});

it('books a correction once when it is asked twice at the same time', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => warehouse.wms.adjust(correction)));
  expect(new Set(answers.map((answer) => answer.ledgerNo)).size).toBe(1);
  expect(await onHand('ART-A')).toBe(97);
});

it('refuses a reference that was used for something else', async () => {
  await warehouse.wms.adjust(correction);
  await expect(warehouse.wms.adjust({ ...correction, change: { delta: -4 } })).rejects.toMatchObject({
    code: 'SYSTEM_REJECTED',
    details: { status: 409, systemCode: 'REFERENCE_REUSED' },
  });
  expect(await onHand('ART-A')).toBe(97);
});

it('refuses to fall below zero, tells what is there, and takes the reference again afterwards', async () => {
  const before = await lastLedgerNo();
  const tooMuch = { ...correction, articleNo: 'ART-B', change: { delta: -6 } };
  await expect(warehouse.wms.adjust(tooMuch)).rejects.toMatchObject({
    details: { systemCode: 'NEGATIVE_STOCK', quantity: 5 },
  });
  expect(await lastLedgerNo()).toBe(before);
  expect(await warehouse.wms.adjust({ ...tooMuch, change: { delta: -5 } })).toMatchObject({ balanceAfter: 0 });
});

it('turns a count into the difference, also when there is none', async () => {
  const counted = await warehouse.wms.adjust({ ...correction, change: { countedQuantity: 90 } });
  const again = await warehouse.wms.adjust({ ...correction, reference: 'adj-2', change: { countedQuantity: 90 } });
  expect([counted, again]).toMatchObject([
    { movementCode: 'IC', quantityDelta: -10, balanceAfter: 90 },
    { movementCode: 'IC', quantityDelta: 0, balanceAfter: 90 },
  ]);
});

it('refuses a count of a position that moved since it was seen', async () => {
  const seen = (await warehouse.wms.stock({ site: 'DC1', articleNos: ['ART-A'] })).positions[0]!.lastLedgerNo;
  const { ledgerNo } = await warehouse.wms.adjust(correction);
  const count = { ...correction, reference: 'count-1', change: { countedQuantity: 100 } };
  await expect(warehouse.wms.adjust({ ...count, expectedLedgerNo: seen })).rejects.toMatchObject({
    details: { systemCode: 'POSITION_MOVED', lastLedgerNo: ledgerNo, quantity: 97 },
  });
  expect(await warehouse.wms.adjust({ ...count, expectedLedgerNo: ledgerNo })).toMatchObject({ balanceAfter: 100 });
});

it('refuses sites and articles it does not know', async () => {
  await expect(warehouse.wms.adjust({ ...correction, site: 'NOPE' })).rejects.toMatchObject({
    details: { systemCode: 'UNKNOWN_SITE' },
  });
  await expect(warehouse.wms.adjust({ ...correction, articleNo: 'NOPE' })).rejects.toMatchObject({
    details: { systemCode: 'UNKNOWN_ARTICLE' },
  });
});

it('refuses a delta and a count together, and names the reason without the value', async () => {
  const answer = await fetch(`${warehouse.system.url}/adjustments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${warehouse.system.token}` },
    body: JSON.stringify({
      reference: 'x',
      site: 'DC1',
      articleNo: 'ART-A',
      delta: 1,
      countedQuantity: 4,
      reasonCode: 'COUNT',
    }),
  });
  expect([answer.status, await answer.json()]).toEqual([
    422,
    { error: { code: 'INVALID', message: 'request: give delta or countedQuantity', fields: ['request'] } },
  ]);
});

it('receives a customer return line by line, the same article twice, once per reference', async () => {
  const receipt = {
    reference: 'return-1',
    site: 'DC1',
    kind: 'RT',
    lines: [
      { lineRef: 'a', articleNo: 'ART-A', quantity: 2 },
      { lineRef: 'b', articleNo: 'ART-A', quantity: 3 },
      { lineRef: 'c', articleNo: 'ART-C', quantity: 1 },
    ],
  } as const;
  const first = await warehouse.wms.receive(receipt);
  expect(await warehouse.wms.receive(receipt)).toEqual(first);
  expect(
    first.entries.map((entry) => [entry.movementCode, entry.lineRef, entry.quantityDelta, entry.balanceAfter]),
  ).toEqual([
    ['RT', 'a', 2, 102],
    ['RT', 'b', 3, 105],
    ['RT', 'c', 1, 1],
  ]);
});

it('counts goods that are not for sale apart from the stock, once per reference', async () => {
  const receipt = {
    reference: 'return-2',
    site: 'DC1',
    lines: [
      { lineRef: 'a', articleNo: 'ART-A', quantity: 2, reasonCode: 'DEFECTIVE' },
      { lineRef: 'b', articleNo: 'ART-A', quantity: 1, reasonCode: 'DEFECTIVE' },
      { lineRef: 'c', articleNo: 'ART-C', quantity: 4, reasonCode: 'CARRIER_DAMAGED' },
    ],
  };
  const before = [await lastLedgerNo(), await onHand('ART-A')];
  await Promise.all([warehouse.wms.receiveBlocked(receipt), warehouse.wms.receiveBlocked(receipt)]);
  await warehouse.wms.receiveBlocked({ ...receipt, reference: 'return-3', lines: receipt.lines.slice(0, 1) });
  expect(await warehouse.wms.blockedStock()).toEqual([
    { site: 'DC1', articleNo: 'ART-A', reasonCode: 'DEFECTIVE', quantity: 5 },
    { site: 'DC1', articleNo: 'ART-C', reasonCode: 'CARRIER_DAMAGED', quantity: 4 },
  ]);
  expect([await lastLedgerNo(), await onHand('ART-A')]).toEqual(before);
  await expect(warehouse.wms.receiveBlocked({ ...receipt, site: 'DC2' })).rejects.toMatchObject({
    details: { systemCode: 'REFERENCE_REUSED' },
  });
});

it('numbers the ledger without gaps, in the order the entries became visible, whatever happens at once', async () => {
  const before = await lastLedgerNo();
  const changes = Array.from({ length: 40 }, (_, index) => ({
    ...correction,
    reference: `many-${index}`,
    articleNo: index % 2 ? 'ART-A' : 'ART-B',
    change: { delta: index % 4 === 0 ? -50 : 1 }, // ART-B refuses these: refused bookings must leave no gap
  }));
  const seen: number[] = [];
  const reading = (async () => {
    while (seen.length < 30) {
      const page = await warehouse.wms.stockLedger({ after: before + seen.length, limit: 7, waitSeconds: 2 });
      seen.push(...page.entries.map((entry) => entry.ledgerNo));
    }
  })();
  const outcomes = await Promise.allSettled(changes.map((change) => warehouse.wms.adjust(change)));
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(30);
  await reading;
  expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => before + 1 + index));
  expect([await onHand('ART-A'), await onHand('ART-B')]).toEqual([120, 15]);
  const { entries } = await warehouse.wms.stockLedger({ after: 0, limit: 1_000 });
  const balances = new Map<string, number>();
  for (const { site, articleNo, quantityDelta, balanceAfter } of entries) {
    const balance = (balances.get(site + articleNo) ?? 0) + quantityDelta;
    balances.set(site + articleNo, balance);
    expect(balance).toBe(balanceAfter);
  }
});

it('waits for the next entry and answers as soon as it is booked', async () => {
  const before = await lastLedgerNo();
  const waiting = warehouse.wms.stockLedger({ after: before, waitSeconds: 20 });
  const { ledgerNo } = await warehouse.wms.adjust(correction);
  const started = Date.now();
  expect((await waiting).entries.map((entry) => entry.ledgerNo)).toEqual([ledgerNo]);
  expect(Date.now() - started).toBeLessThan(2_000);
});

it('pages through the stock with the ledger number each page is true at', async () => {
  const first = await warehouse.wms.stock({ limit: 4 });
  const { ledgerNo } = await warehouse.wms.adjust({
    ...correction,
    site: 'ST2',
    articleNo: 'ART-B',
    change: { delta: 1 },
  });
  const second = await warehouse.wms.stock({ limit: 4, page: first.nextPage! });
  expect(first.positions.map((p) => [p.site, p.articleNo, p.quantity])).toEqual([
    ['DC1', 'ART-A', 100],
    ['DC1', 'ART-B', 5],
    ['ST1', 'ART-A', 100],
    ['ST1', 'ART-B', 5],
  ]);
  expect(first.ledgerNo).toBe(ledgerNo - 1);
  expect(second.positions).toEqual([
    { site: 'ST2', articleNo: 'ART-A', quantity: 100, lastLedgerNo: 5 },
    { site: 'ST2', articleNo: 'ART-B', quantity: 6, lastLedgerNo: ledgerNo },
  ]);
  expect([second.ledgerNo, second.nextPage]).toEqual([ledgerNo, null]);
});

it('tells the ledger number even when no position matches', async () => {
  expect(await warehouse.wms.stock({ articleNos: ['ART-C'] })).toEqual({
    positions: [],
    ledgerNo: await lastLedgerNo(),
    nextPage: null,
  });
});
