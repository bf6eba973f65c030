import type { Command } from '../command.ts';

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Check the whole channel ledger: hashes, balances, sums',
  description:
    'Prints the head of the ledger, <sequence>:<hash>. Note it elsewhere; given as --head later, it proves that nothing\nbefore it was changed or taken away.',
  options: { head: { description: 'A head that was noted before', value: 'sequence:hash' } },
  examples: ['npx commerce settlement verify'],
  run: async (invocation) => (await import('./verify.ts')).verify(invocation),
};
