import type { Command } from '../command.ts';

export const lintCommand: Command = {
  name: 'lint',
  summary: "Hold the whole graph to the house's rules",
  description: '`check` lints what a change touches; this lints everything.',
  options: { format: { description: 'How to print', value: 'format', choices: ['text', 'json'], fallback: 'text' } },
  run: async (invocation) => (await import('./lint.ts')).lintGraph(invocation),
};
