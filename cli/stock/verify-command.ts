import type { Command } from '../command.ts';

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Add the stock ledger up and compare it with every position and reservation',
  description:
    'Reads only, at one moment, while orders go on. Shortages are shown too: promised to orders or held for carts, not on the shelf.',
  examples: ['npx commerce stock verify'],
  run: async (invocation) => (await import('./verify.ts')).verify(invocation),
};
