import type { Command } from '../command.ts';

export const reconcileCommand: Command = {
  name: 'reconcile',
  summary: 'Compare the operational store with the systems of record, and print what differed',
  description:
    'A running worker does it, page by page beside its other work, and looks at differences twice. Exit code 1 when a person has to look at something.',
  options: {
    system: { description: 'Only this system of record', value: 'name', choices: ['wms', 'oms', 'erp'] },
    'dry-run': { description: 'Only report: correct nothing and raise nothing' },
  },
  examples: ['npx commerce reconcile', 'npx commerce reconcile --system wms --dry-run'],
  run: async (invocation) => (await import('./reconcile.ts')).reconcile(invocation),
};
