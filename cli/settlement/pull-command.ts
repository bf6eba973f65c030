import type { Command } from '../command.ts';

export const pullCommand: Command = {
  name: 'pull',
  summary: 'Fetch new statements and payouts from the selling account that is connected (AMAZON_URL)',
  arguments: [],
  options: {},
  examples: ['npx commerce settlement pull'],
  run: async (invocation) => (await import('./pull.ts')).pull(invocation),
};
