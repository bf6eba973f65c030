import type { SystemProfile } from '../port-map.ts';

/** Vendure 3 with the extension of server/extension.cjs. */
export const VENDURE_PROFILE: SystemProfile = {
  name: 'Vendure',
  kind: 'OMS',
  serves: {
    ORDER_INTAKE: {
      RETURN_NOTICES: 'It knows units that were cancelled or paid back, and not that shipped ones came back.',
    },
  },
};
