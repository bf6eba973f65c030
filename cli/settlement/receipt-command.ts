import type { Command } from '../command.ts';

export const receiptCommand: Command = {
  name: 'receipt',
  summary: 'Say which payout money at the bank is of, or that it is of none',
  description:
    'With --payout the money counts for that payout, or a part of it; with --release it counts for its payout no more: the posting\nis reversed, and nothing but this command or bankReceiptMatch matches it again. Reason and person are kept.\nA payout in another currency is one that the bank converted: --amount says how much of it the money is, else all that it lacks.\n`export bank-receipts` and `export payouts` list the ids.',
  arguments: [{ name: 'receipt', description: 'its id, such as brc_…' }],
  options: {
    payout: { description: 'The payout that it is of, such as pay_…', value: 'id' },
    amount: {
      description: "How much of the payout it is, in the payout's currency, where the bank converted it",
      value: 'amount',
    },
    release: { description: 'Take it from its payout' },
    reason: { description: 'Why', value: 'why' },
  },
  examples: [
    'npx commerce settlement receipt brc_… --payout pay_… --reason "Second part, told by phone"',
    'npx commerce settlement receipt brc_… --payout pay_… --amount 453.87 --reason "Converted by the bank to 358.00 GBP"',
    'npx commerce settlement receipt brc_… --release --reason "The bank corrected the amount"',
  ],
  run: async (invocation) => (await import('./receipt.ts')).receipt(invocation),
};
