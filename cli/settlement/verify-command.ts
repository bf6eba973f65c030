import type { Command } from '../command.ts';

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Check the whole channel ledger: hashes, balances, sums',
  description:
    "Prints the head of the ledger, <sequence>:<hash>. Note it elsewhere; given as --head later, it proves that nothing\nbefore it was changed or taken away. With --erp a worker also compares every voucher that the ERP accepted with the ERP's\njournal: number, accounts, sides, sums.",
  options: {
    head: { description: 'A head that was noted before', value: 'sequence:hash' },
    erp: { description: "Compare the accepted vouchers with the ERP's journal too" },
  },
  examples: ['npx commerce settlement verify', 'npx commerce settlement verify --erp'],
  run: async (invocation) => (await import('./verify.ts')).verify(invocation),
};
