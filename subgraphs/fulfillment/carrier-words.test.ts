import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadCarrierWords, meaningOf } from './carrier-words.ts';

const said = (status: string, statusDetail: string | null = null, carrier = 'UPS') => ({
  carrier,
  status,
  statusDetail,
});

describe("a carrier's word", () => {
  it.each([
    ['easypost', 'pre_transit', null, 'LABEL_CREATED'],
    ['easypost', 'in_transit', null, 'IN_TRANSIT'],
    ['easypost', 'in_transit', 'accepted', 'CARRIER_ACCEPTED'],
    ['easypost', 'in_transit', 'status_update', 'IN_TRANSIT'],
    ['easypost', 'failure', null, 'EXCEPTION'],
    ['easypost', 'failure', 'delivery_attempted', 'DELIVERY_ATTEMPTED'],
    ['easypost', 'unknown', null, 'UNKNOWN'],
    ['aftership', 'InfoReceived', null, 'LABEL_CREATED'],
    ['aftership', 'OutForDelivery', null, 'OUT_FOR_DELIVERY'],
    ['aftership', 'AttemptFail', 'AttemptFail_002', 'DELIVERY_ATTEMPTED'],
    ['aftership', 'Exception', 'Exception_011', 'RETURN_TO_SENDER'],
    ['aftership', 'Exception', 'Exception_005', 'EXCEPTION'],
    ['aftership', 'Expired', null, 'EXCEPTION'],
    ['shipengine', 'NY', null, 'LABEL_CREATED'],
    ['shipengine', 'AC', null, 'CARRIER_ACCEPTED'],
    ['shipengine', 'IT', 'OUT_FOR_DELIVERY', 'OUT_FOR_DELIVERY'],
    ['shipengine', 'EX', 'RETURN_TO_SENDER', 'RETURN_TO_SENDER'],
    ['shipengine', 'EX', 'PARCEL_LOST', 'LOST'],
    ['shipengine', 'DE', null, 'DELIVERED'],
    ['shopify', 'ATTEMPTED_DELIVERY', null, 'DELIVERY_ATTEMPTED'],
    ['amazon', 'CARRIER_RECEIVED_SHIPMENT', null, 'CARRIER_ACCEPTED'],
    ['amazon', 'CUSTOMS_HOLD', null, 'EXCEPTION'],
    ['amazon', 'READY_FOR_CUSTOMER_PICKUP', null, 'AVAILABLE_FOR_PICKUP'],
    ['amazon', 'CUSTOMER_PICKUP_COMPLETED', null, 'DELIVERED'],
    ['amazon', 'UNDELIVERABLE', null, 'RETURN_TO_SENDER'],
    ['amazon', 'EMPTY_RETURN', null, 'UNKNOWN'],
    ['nobody', 'teleported', null, null],
    ['nobody', 'constructor', null, null],
    ['nobody', '__proto__', null, null],
  ] as const)('of %s, %s (%s), means %s', (_, word, detail, meaning) => {
    expect(meaningOf(said(word, detail))).toBe(meaning);
    expect(meaningOf(said(` ${word.toUpperCase()} `, detail?.toLowerCase()))).toBe(meaning);
  });
});

describe('the file of words', () => {
  const load = (text: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'carrier-words-'));
    try {
      const file = join(folder, 'words.yaml');
      writeFileSync(file, text);
      return loadCarrierWords(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it('lets one carrier mean something else by a word', () => {
    const words = load(
      'vocabularies: { all: { DELIVERED: [DONE] } }\ncarriers: { dpd: { AVAILABLE_FOR_PICKUP: [DONE] } }',
    );
    expect(meaningOf(said('done', null, 'DPD'), words)).toBe('AVAILABLE_FOR_PICKUP');
    expect(meaningOf(said('done', null, 'UPS'), words)).toBe('DELIVERED');
  });

  it.each([
    ['vocabularies: { a: { DELIVERED: [x] }, b: { LOST: [X] } }', 'vocabularies.b.LOST: "x" means DELIVERED already'],
    ['vocabularies: { a: { ARRIVED: [x] } }', 'vocabularies.a'],
    ['vocabularies: { a: { LOST: [no] } }\nmore: 1', 'more'],
    ['vocabularies: { a: [', 'cannot be read as YAML: line 1'],
  ])('is refused with the place: %s', (text, place) => {
    expect(() => load(text)).toThrow(expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.stringContaining(place) })); // biome-ignore format: one thought
  });
});
