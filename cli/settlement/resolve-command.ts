import type { Command } from '../command.ts';

export const resolveCommand: Command = {
  name: 'resolve',
  summary: 'Decide about differences that are alike, such as an unknown fee of many lines',
  description:
    'Without --resolution it lists the groups of undecided differences. With it, it decides about one group, 100 at a time, and\nsays how far it is. Where all of them together are above secondApproverAbove, they are proposed, and decided when somebody else\ndecides the same: another user of this machine, or a client of the finance contract (reconciliationExceptionsResolve).\nStopped at any moment, what was decided stays; call it again to go on.',
  options: {
    channel: { description: 'Whose settlements', value: 'code' },
    reason: { description: 'Class of the differences, such as UNKNOWN_FEE', value: 'reason' },
    currency: { description: 'Their currency', value: 'code' },
    words: { description: 'Only those whose line says this, as the list tells it', value: 'words' },
    statement: { description: 'Only of this settlement', value: 'id' },
    resolution: {
      description: 'The decision',
      value: 'decision',
      choices: ['ACCEPT_ACTUAL', 'WRITE_OFF', 'RAISE_DISPUTE'],
    },
    note: { description: 'Why', value: 'why' },
  },
  examples: [
    'npx commerce settlement resolve --channel WALMART',
    'npx commerce settlement resolve --channel WALMART --reason UNKNOWN_FEE --currency USD --words "Fee / Glitter" --resolution ACCEPT_ACTUAL --note "New fee, see contract"',
  ],
  run: async (invocation) => (await import('./resolve.ts')).resolve(invocation),
};
