import type { Command } from '../command.ts';

export const closeCommand: Command = {
  name: 'close',
  summary: 'Close a month: nothing can be posted into it any more',
  description:
    'Refused while a difference of the month is undecided, a settlement not matched, an event not\nposted, or an entry of it not accepted by the ERP (commerce settlement post). Later\ncorrections count in the next open month. Prints the head of the ledger; note it elsewhere.',
  arguments: [{ name: 'month', description: 'such as 2026-11' }],
  options: { by: { description: 'Who closes it, for the audit', value: 'name' } },
  examples: ['npx commerce settlement close 2026-10 --by ann'],
  run: async (invocation) => (await import('./close.ts')).close(invocation),
};
