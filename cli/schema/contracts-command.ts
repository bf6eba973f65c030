import type { Command } from '../command.ts';

export const contractsCommand: Command = {
  name: 'contracts',
  summary: 'List the contracts with their dated versions, ends and rules for documents',
  options: { format: { description: 'How to print', value: 'format', choices: ['text', 'json'], fallback: 'text' } },
  run: async (invocation) => (await import('./contracts.ts')).contracts(invocation),
};
