import type { SystemProfile } from '../port-map.ts';

/** A 3PL that reads 940 and writes 945, 846 and 997. */
export const X12_PROFILE: SystemProfile = {
  name: '3PL by X12 files',
  kind: 'WMS',
  serves: {
    STOCK: {
      ADJUSTMENTS: 'It counts and corrects by itself and tells the balance in an 846.',
      INCOMING_SUPPLY: 'Its files tell what lies there, not what is on its way there.',
    },
    SHIPMENT: {
      STAFF_COMMANDS: 'Its staff say what they do in files: a 997 and a 945. Nothing of it can be said from here.',
      BUNDLES_AS_SETS: 'A 940 has no sets: of a bundle a part may leave, which is on the exception desk then.',
      HANDING_OVER: 'It has no counter: work that a buyer comes for is not given to it.',
      TAKING_BACK:
        'What was asked of it is not taken back by files: call it, and it tells in a 945 what it did not ship.',
    },
  },
};
