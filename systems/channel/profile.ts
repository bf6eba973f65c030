import type { SystemProfile } from '../port-map.ts';

export const CHANNEL_PROFILE: SystemProfile = {
  name: 'Channel system',
  kind: 'MARKETPLACE',
  serves: {
    CHANNEL_NOTICES: {},
    CHANNEL_PRICES: {},
    CHANNEL_STOCK: { NODES: 'It is told one number for all nodes.' },
  },
};
