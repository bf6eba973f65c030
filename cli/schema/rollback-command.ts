import type { Command } from '../command.ts';

export const rollbackCommand: Command = {
  name: 'rollback',
  summary: 'Bring back a former publication, if the operations registered since still work with it',
  description:
    'Publishes the former texts again, under a new number. A running gateway takes them without a restart. The sources stay\nas they are: revert them too, or the next publication brings the change back.',
  arguments: [{ name: 'number', description: 'of the publication; default the one before the last', optional: true }],
  options: { 'dry-run': { description: 'Only say what would break' } },
  examples: ['npx commerce schema rollback', 'npx commerce schema rollback 12 --dry-run'],
  run: async (invocation) => (await import('./rollback.ts')).rollback(invocation),
};
