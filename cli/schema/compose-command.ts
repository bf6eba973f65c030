import type { Command } from '../command.ts';

export const composeCommand: Command = {
  name: 'compose',
  summary: 'Compose the subgraph schemas into schema/supergraph.graphql',
  options: {
    check: { description: 'Write nothing; fail when the file is not what the subgraph schemas give' },
    output: { description: 'Write elsewhere; - prints', value: 'file', fallback: 'schema/supergraph.graphql' },
  },
  examples: ['npx commerce schema compose', 'npx commerce schema compose --check'],
  run: async (invocation) => (await import('./compose.ts')).compose(invocation),
};
