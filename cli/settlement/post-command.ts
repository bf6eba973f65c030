import type { Command } from '../command.ts';

export const postCommand: Command = {
  name: 'post',
  summary: 'Have the channel ledger posted in the ERP, as vouchers per month, channel and currency',
  description:
    'The settlement worker of the running platform does it; the command waits and prints what was posted, refused and is\nleft. Stopped at any moment it goes on where it was, and nothing is posted twice. What the ERP refuses is on the exception\ndesk of finance and is sent again by the next run.',
  options: {
    period: { description: 'Only this month, such as 2026-11', value: 'month' },
    channel: { description: 'Only this channel', value: 'code' },
    'dry-run': { description: 'Print what would be posted, and post nothing' },
  },
  examples: [
    'npx commerce settlement post --period 2026-11 --dry-run',
    'npx commerce settlement post --period 2026-11',
  ],
  run: async (invocation) => (await import('./post.ts')).post(invocation),
};
