import type { Command } from '../command.ts';

export const bankCommand: Command = {
  name: 'bank',
  summary: 'Take in a bank statement and match its credits to payouts',
  description:
    "Credits become receipts, each once; the same statement may be taken in again. Of debits those are kept\nthat take a credit back: marked as a reversal or a return, under the bank's name of the credit, or naming a payout.\nWhat it says otherwise than an earlier one is listed, shown on the exception desk, and is no additional money.",
  arguments: [{ name: 'file', description: 'camt.053 XML, or comma separated text' }],
  options: {
    format: {
      description: 'Its format',
      value: 'format',
      choices: ['camt', 'csv'],
      fallback: 'by the beginning of the file',
    },
  },
  examples: ['npx commerce settlement bank statement.xml'],
  run: async (invocation) => (await import('./bank.ts')).bank(invocation),
};
