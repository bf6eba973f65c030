import type { Command } from '../command.ts';
import { BASE_OPTION } from './check-command.ts';

export const diffCommand: Command = {
  name: 'diff',
  summary: 'List what is different for clients, contract by contract',
  description: 'Only lists; `check` judges.',
  options: {
    base: BASE_OPTION,
    contract: { description: 'Only this contract', value: 'contract', repeatable: true },
    format: { description: 'How to print', value: 'format', choices: ['text', 'json'], fallback: 'text' },
  },
  examples: ['npx commerce schema diff --contract storefront'],
  run: async (invocation) => (await import('./diff.ts')).diff(invocation),
};
