import type { Command } from '../command.ts';

export const mapCommand: Command = {
  name: 'map',
  summary: 'Say which of our SKUs a channel means by a SKU of its own',
  description:
    'For orders from now on, and for the stock that the channel is told of: the channel lists the article under this\nname from now on. An SKU of ours may have several names. Orders that wait for the name are placed by correcting\ntheir exception (map-channel-sku), not by this.',
  arguments: [
    { name: 'code', description: 'code of the channel, such as WALMART' },
    { name: 'theirs', description: 'what the channel calls the article' },
    { name: 'sku', description: 'our SKU' },
  ],
  options: {},
  examples: ['npx commerce channel map WALMART WM-00912 85123A'],
  run: async (invocation) => (await import('./map.ts')).map(invocation),
};
