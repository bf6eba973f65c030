import type { Command, Topic } from '../../command.ts';

const exportUsage: Command = {
  name: 'export',
  summary: 'Write what gateways have recorded to schema/usage.json, which `schema check` reads without a database',
  options: {
    days: { description: 'How far back', value: 'days', fallback: '60' },
    output: { description: 'Write elsewhere; - prints', value: 'file', fallback: 'schema/usage.json' },
  },
  run: async (invocation) => (await import('./usage.ts')).exportUsage(invocation),
};

const versions: Command = {
  name: 'versions',
  summary: 'Show which client still uses which version, and when it last did',
  options: { days: { description: 'How far back', value: 'days', fallback: '60' } },
  run: async (invocation) => (await import('./usage.ts')).versions(invocation),
};

export const usageTopic: Topic = {
  name: 'usage',
  summary: 'What clients use of the graph, as gateways record it',
  commands: [exportUsage, versions],
};
