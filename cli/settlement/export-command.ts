import type { Command } from '../command.ts';

/** As subgraphs/settlement/answers/export.ts has them; another name is refused with its list. */
const EXPORT_CHOICES = [
  'differences',
  'lines',
  'fees',
  'orders',
  'completeness',
  'balances',
  'aging',
  'payouts',
  'bank-receipts',
  'refusals',
] as const;

export const exportCommand: Command = {
  name: 'export',
  summary: 'Print what settlement knows as CSV',
  description:
    'The same books give the same bytes, in whatever order news arrived (aging goes by when differences were found).',
  arguments: [{ name: 'what', description: EXPORT_CHOICES.join(', ') }],
  examples: ['npx commerce settlement export differences > differences.csv'],
  run: async (invocation) => (await import('./export.ts')).exportAnswers(invocation),
};
