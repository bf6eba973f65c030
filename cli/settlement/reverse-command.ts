import type { Command } from '../command.ts';

export const reverseCommand: Command = {
  name: 'reverse',
  summary: "Take a settlement back, so that the channel's corrected file can be taken in",
  description:
    'It counts in nothing from then on. The settlement worker reverses what was posted for it, closes its differences and\nundoes decisions about them; file, lines and entries stay. Refused when the bank has settled its payout.\nThe first call proposes it; it is done when somebody else asks for the same: another user of this machine by this command,\nor a client of the finance contract by settlementReverse.',
  arguments: [{ name: 'settlement', description: 'its id, such as stl_…' }],
  options: { reason: { description: 'Why', value: 'why' } },
  examples: ['npx commerce settlement reverse stl_… --reason "Corrected by the channel"'],
  run: async (invocation) => (await import('./reverse.ts')).reverse(invocation),
};
