import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createWmsClient, type WmsClient } from '../../../systems/wms/client.ts';
import type { StockChange } from '../port.ts';
import { wmsStockSource } from './wms.ts';

// What the reference warehouse never says, but a real one may. The conformance suite covers all that is sane.

type Entry = Record<string, unknown>;
const entry = (ledgerNo: number, rest: Entry = {}): Entry => ({
  ledgerNo,
  site: 'EAST',
  articleNo: 'ART-71053',
  movementCode: 'AD',
  quantityDelta: 1,
  balanceAfter: 10 + ledgerNo,
  documentRef: `doc-${ledgerNo}`,
  lineRef: null,
  bookedAt: '2026-11-23T08:00:00.000Z',
  ...rest,
});

let server: Server;
let wms: WmsClient;
let entries: Entry[];
let positions: Entry[];
const { signal } = new AbortController();

beforeEach(async () => {
  entries = [];
  positions = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://wms');
    const after = Number(url.searchParams.get('after'));
    const page = entries.filter((row) => Number(row.ledgerNo) > after).slice(0, Number(url.searchParams.get('limit')));
    const body =
      url.pathname === '/stock-ledger'
        ? { entries: page, lastLedgerNo: entries.length }
        : { positions, ledgerNo: entries.length, nextPage: null };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  wms = createWmsClient({ baseUrl: `http://127.0.0.1:${port}`, token: 't', timeoutMillis: 2_000 });
});
afterEach(async () => {
  await wms.close();
  await new Promise((resolve) => server.close(resolve));
});

/** Reads the feed to its end as the feed reader does: from the last number that was accounted for. */
async function readAll() {
  const source = wmsStockSource(wms);
  const changes: StockChange[] = [];
  const rejected: unknown[] = [];
  for (let after = 0, calls = 0; after < entries.length && calls < 20; calls += 1) {
    const answer = await source.changes(after, { limit: 100, waitSeconds: 0 }, signal);
    changes.push(...answer.changes);
    rejected.push(...answer.rejected);
    after = Math.max(
      after,
      ...answer.changes.map((change) => change.sequence),
      ...answer.rejected.map((record) => record.sequence ?? 0),
      ...answer.foreign,
    );
  }
  return { changes, rejected };
}

describe('a warehouse that talks nonsense', () => {
  it.each([
    ['negative', -3],
    ['absurdly large', 1e12],
    ['null', null],
    ['half a piece', 0.5],
    ['text', '12'],
  ])('has a balance that is %s rejected, and everything around it read', async (_, balanceAfter) => {
    entries = [entry(1), entry(2), entry(3, { balanceAfter }), entry(4), entry(5)];
    const { changes, rejected } = await readAll();
    expect(changes.map((change) => [change.sequence, change.onHand])).toEqual([
      [1, 11],
      [2, 12],
      [4, 14],
      [5, 15],
    ]);
    expect(rejected).toEqual([{ sequence: 3, problem: 'balanceAfter' }]);
  });

  it('is read on behind several bad entries, the first and the last one too', async () => {
    entries = [entry(1, { balanceAfter: -1 }), entry(2), entry(3, { site: null }), entry(4, { bookedAt: 'noon' })];
    const { changes, rejected } = await readAll();
    expect(changes.map((change) => change.sequence)).toEqual([2]);
    expect(rejected).toEqual([
      { sequence: 1, problem: 'balanceAfter' },
      { sequence: 3, problem: 'site' },
      { sequence: 4, problem: 'bookedAt' },
    ]);
  });

  it('has goods that are none of ours passed over', async () => {
    entries = [entry(1), entry(2, { articleNo: 'PALLET-EUR' })];
    const answer = await wmsStockSource(wms).changes(0, { limit: 100, waitSeconds: 0 }, signal);
    expect([answer.changes.length, answer.foreign, answer.rejected]).toEqual([1, [2], []]);
  });

  it('has absurd balances left out of a snapshot', async () => {
    positions = [
      { site: 'EAST', articleNo: 'ART-A', quantity: 1e12, lastLedgerNo: 4 },
      { site: 'EAST', articleNo: 'ART-B', quantity: 4, lastLedgerNo: 5 },
      { site: 'EAST', articleNo: 'PALLET-EUR', quantity: 4, lastLedgerNo: 6 },
    ];
    const pages = [];
    for await (const page of wmsStockSource(wms).snapshot(signal)) pages.push(page);
    expect(pages).toMatchObject([
      { levels: [{ sku: 'B', onHand: 4, sequence: 5 }], rejected: [{ sequence: 4, problem: 'quantity' }] },
    ]);
  });
});
