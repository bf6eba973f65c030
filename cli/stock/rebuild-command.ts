import type { Command } from '../command.ts';

export const rebuildCommand: Command = {
  name: 'rebuild',
  summary: 'Set the positions to what the stock ledger adds up to',
  description: 'Orders wait meanwhile. What only the reservations dispute is shown and left as it is.',
  options: { 'dry-run': { description: 'Only show what would be set' } },
  examples: ['npx commerce stock rebuild --dry-run'],
  run: async (invocation) => (await import('./rebuild.ts')).rebuild(invocation),
};
