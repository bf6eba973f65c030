import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { readItems, readMark } from '../../systems/business-central/catalogue.ts';
import { createBusinessCentralClient } from '../../systems/business-central/client.ts';
import { BUSINESS_CENTRAL_PROFILE } from '../../systems/business-central/profile.ts';
import type { ODataClient } from '../../systems/odata/client.ts';
import { startBusinessCentral, type TestBusinessCentral } from '../helpers/business-central.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { guidOf, startBusinessCentralWorld } from './product-source.business-central-world.ts';
import { productSourceContract } from './product-source.contract.ts';

let database: TestDatabase;
let worlds = 0;
beforeAll(async () => {
  database = await createTestDatabase(['integration']);
});
afterAll(() => database.drop());

productSourceContract(
  'Business Central',
  () => {
    worlds += 1;
    return startBusinessCentralWorld(openObservedJournal(database.knex, `bc${worlds}`));
  },
  BUSINESS_CENTRAL_PROFILE,
);

describe('a client of Business Central', () => {
  let central: TestBusinessCentral;
  let odata: ODataClient;
  const open = (more: Partial<TestBusinessCentral['options']> = {}, timeoutMillis = 60_000) =>
    createBusinessCentralClient({ ...central.options, ...more, timeoutMillis });
  const put = (number: string, more = {}) => {
    const id = guidOf(number);
    central.sets.items.set(id, { id, number, displayName: number, type: 'Inventory', itemCategoryId: '00000000-0000-0000-0000-000000000000', blocked: false, gtin: '', unitPrice: 1000.8, priceIncludesTax: false, lastModifiedDateTime: '2026-11-23T09:00:00.123Z', ...more }); // biome-ignore format: one thought
  };
  beforeEach(async () => {
    central = await startBusinessCentral();
    odata = open();
  });
  afterEach(async () => {
    await odata.close();
    await central.stop();
  });

  it('reads every page that the service cuts, and leaves out what cannot be sold', async () => {
    central.pageSize = 2;
    for (const number of ['1896-S', '1900-S', '1906-S', '1908-S', '1920-S']) put(number);
    put('BLOCKED', { blocked: true });
    put('HOUR', { type: 'Service' });
    const items = await readItems(odata, {});
    expect(items.map(({ number }) => number).sort()).toEqual(['1896-S', '1900-S', '1906-S', '1908-S', '1920-S']);
    expect(items[0]).toMatchObject({ unitPrice: '1000.8', itemCategoryId: null, itemVariants: [] });
    expect(central.seen).toMatchObject({ calls: 4, tokens: 1 });
  });

  it('asks for one token, for a new one when it was ended, and gives up when the credentials are refused', async () => {
    put('1896-S');
    await Promise.all([readMark(odata, ['items'], {}), readMark(odata, ['items', 'itemVariants'], {})]);
    expect(central.seen.tokens).toBe(1);
    central.endTokens();
    await readItems(odata, {});
    expect(central.seen.tokens).toBe(2);
    const wrong = open({ clientSecret: 's3cret' });
    const refused = await readItems(wrong, {}).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 401 } });
    expect(JSON.stringify(refused)).not.toContain('s3cret');
    await wrong.close();
  });

  it('waits as long as a refusal for too many calls says, and never makes more than four at a time', async () => {
    put('1896-S');
    await readItems(odata, {});
    central.refuse = 1;
    central.millis = 50; // long enough that the calls meet
    await Promise.all(Array.from({ length: 30 }, () => readItems(odata, {})));
    expect(central.seen.mostAtOnce).toBe(4);
    expect(odata.statistics()).toMatchObject({ circuit: 'CLOSED', retries: 1 });
  });

  it('goes to no other host, and in no circle, whatever a page says', async () => {
    put('1896-S');
    for (const link of [
      'http://elsewhere.example/items?$skiptoken=1',
      `${central.options.address}/companies(x)/items`,
    ]) {
      central.nextLink = link;
      await expect(readItems(odata, {})).rejects.toMatchObject({ code: 'SYSTEM_BAD_RESPONSE', details: { reason: 'next page elsewhere' } }); // biome-ignore format: one thought
    }
    central.nextLink = 'itself';
    await expect(readItems(odata, {})).rejects.toMatchObject({ details: { reason: 'the same page again' } });
  });

  it('is told of a wrong name as the service tells it', async () => {
    const rows = async () => {
      for await (const page of odata.all('/items', { select: 'id,nunber' }, z.unknown())) return page;
      return [];
    };
    await expect(rows()).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 400 } }); // biome-ignore format: one thought
  });
});
