import type { Command } from '../command.ts';

export const rollbackCommand: Command = {
  name: 'rollback',
  summary: 'Bring back a former publication, if the operations registered since still work with it',
  description:
    'Publishes the former texts again, under a new number. A running gateway takes them without a restart. The sources stay\nas they are: revert them too, or the next publication brings the change back.\nWhat breaks an operation, or lets clients read or do more than now, needs somebody who answers for it: --by and --reason,\nwhich are kept in the history and the changelog.',
  arguments: [{ name: 'number', description: 'of the publication; default the one before the last', optional: true }],
  options: {
    'dry-run': { description: 'Only say what would break' },
    by: { description: 'Who takes the responsibility for what it breaks', value: 'who' },
    reason: { description: 'Why that can be borne', value: 'why' },
  },
  examples: [
    'npx commerce schema rollback',
    'npx commerce schema rollback 12 --dry-run',
    'npx commerce schema rollback 12 --by "A. Owner" --reason "The web shop is down; shop-front agreed by phone"',
  ],
  run: async (invocation) => (await import('./rollback.ts')).rollback(invocation),
};
