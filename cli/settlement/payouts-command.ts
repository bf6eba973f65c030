import type { Command } from '../command.ts';

export const payoutsCommand: Command = {
  name: 'payouts',
  summary: "Take in what a channel says of its payouts: an answer of Amazon's listPayouts",
  arguments: [{ name: 'file', description: 'the answer, as JSON' }],
  options: { channel: { description: 'Code of the channel', value: 'code' } },
  examples: ['npx commerce settlement payouts listPayouts.json --channel AMAZON'],
  run: async (invocation) => (await import('./bank.ts')).payouts(invocation),
};
