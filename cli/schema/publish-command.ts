import type { Command } from '../command.ts';

export const publishCommand: Command = {
  name: 'publish',
  summary: 'Publish what the sources give: supergraph, API schemas, history, changelog',
  description:
    'Runs the check first and publishes nothing when it fails. A running gateway takes what is published without a restart.',
  options: {
    message: { description: 'Why, for the changelog', value: 'text' },
    migration: {
      description: 'With a new version: what clients of the former one do to move on (Markdown)',
      value: 'text',
    },
  },
  examples: ['npx commerce schema publish --message "Parcels show their weight"'],
  run: async (invocation) => (await import('./publish.ts')).publish(invocation),
};
