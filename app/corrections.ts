import {
  confirmArrival,
  giveMeaning,
  readGivenUpParcel,
  strandedParcels,
  WORD_MEANINGS,
} from '../subgraphs/fulfillment/index.ts';
import type { Correction } from '../subgraphs/operations/index.ts';
import { ADDRESS_PARTS, correctAddress, countArrived, giveOurSku } from '../subgraphs/order/index.ts';

/** A word of a carrier that is in no table: an operator says what it means. */
const carrierWord: Correction = {
  fields: [
    {
      name: 'meaning',
      description:
        'What the carrier means by this word. Holds for all its scans that came or will come with it; a package that is further stays where it is.',
      choices: WORD_MEANINGS,
      required: true,
    },
  ],
  fits: ({ operation }) => operation === 'map-tracking-status',
  async apply(trx, { key }, { meaning = '' }) {
    const given = await giveMeaning(trx, key, meaning);
    if (given.kind === 'refused') return given;
    const { carrier, word, keys } = given;
    return { kind: 'corrected', change: `${carrier} "${word.slice(0, 60)}": UNKNOWN -> ${meaning}`, settles: keys };
  },
};

/** An address that the node refuses to ship to: the step reads it again when it is tried again. */
const deliveryAddress: Correction = {
  fields: ADDRESS_PARTS.map((name) => ({
    name,
    description: `${name} of the delivery address, as in AddressInput. What is not given stays as it is.`,
    choices: null,
    required: false,
  })),
  fits: ({ operation, cause, orderId }) =>
    operation.startsWith('release-') && cause === 'VALIDATION' && orderId !== null,
  async apply(trx, { orderId, traceId }, values) {
    const corrected = await correctAddress(trx, orderId ?? '', values, traceId);
    if (corrected.kind === 'refused') return corrected;
    return { kind: 'corrected', change: `delivery address: ${corrected.parts.join(', ')} replaced`, settles: [] };
  },
};

/** A marketplace's own SKU that is in no cross-reference: the orders that were refused for it are placed then. */
const channelSku: Correction = {
  fields: [
    {
      name: 'sku',
      description:
        'Our SKU of the article that the channel means. Holds for all orders of the channel with this SKU that were refused or will come.',
      choices: null,
      required: true,
    },
  ],
  fits: ({ operation }) => operation === 'map-channel-sku',
  async apply(trx, { key }, { sku = '' }) {
    const given = await giveOurSku(trx, key, sku);
    if (given.kind === 'refused') return given;
    const { channelCode, channelSku: theirs } = given;
    return { kind: 'corrected', change: `${channelCode} "${theirs.slice(0, 60)}" -> ${sku}`, settles: [] };
  },
};

/** A parcel that was given up reached its buyer: that is what the buyer says, and its carrier perhaps. */
const arrivedParcel: Correction = {
  fields: [
    {
      name: 'arrived',
      description:
        'ALL: everything in the parcel reached the buyer. REST: all of it but what was paid back, or is in a return. These units count as delivered from then on; the parcel stays what its carrier made it.',
      choices: ['ALL', 'REST'],
      required: true,
    },
  ],
  fits: ({ operation }) =>
    operation === 'parcel:lost' || operation === 'parcel:returned' || operation === 'parcel:cancelled',
  async apply(trx, { key, traceId }, { arrived }) {
    const parcel = await readGivenUpParcel(trx, key);
    if (parcel.kind === 'refused') return { ...parcel, field: 'arrived' };
    const which = arrived === 'REST' ? 'REST' : 'ALL';
    const counted = await countArrived(trx, strandedParcels, parcel, traceId, which);
    if (counted.kind === 'refused') return { ...counted, field: 'arrived' };
    return { kind: 'corrected', change: `units ${parcel.countsAs} -> DELIVERED: ${counted.units}`, settles: [key] };
  },
};

/** Goods without a tracking number reached their buyer: nobody but a person can know. */
const arrivedUntracked: Correction = {
  fields: [
    {
      name: 'arrived',
      description: 'ALL: the goods reached the buyer. They count as delivered from then on.',
      choices: ['ALL'],
      required: true,
    },
  ],
  fits: ({ operation }) => operation === 'shipment:untracked',
  async apply(trx, { key }) {
    const units = await confirmArrival(trx, key);
    if (units === null) return { kind: 'refused', field: 'arrived', message: 'The goods count as delivered already.' };
    return { kind: 'corrected', change: `units IN_TRANSIT -> DELIVERED: ${units}`, settles: [key] };
  },
};

/** What operators can correct on the exception desk, each by the rules of the owner of the data. */
export const corrections: readonly Correction[] = [
  carrierWord,
  deliveryAddress,
  channelSku,
  arrivedParcel,
  arrivedUntracked,
];
