import type { Command } from '../command.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'Check a file of sourcing rules, and that the nodes and channels it names exist',
  description:
    'Reads only. A worker takes a file over under the same conditions. Exit code 1 when it would be refused.',
  arguments: [{ name: 'file', description: 'The rules; config/sourcing.yaml unless told', optional: true }],
  examples: ['npx commerce sourcing check', 'npx commerce sourcing check rules-of-december.yaml'],
  run: async (invocation) => (await import('./check.ts')).check(invocation),
};
