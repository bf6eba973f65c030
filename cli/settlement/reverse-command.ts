import type { Command } from '../command.ts';

export const reverseCommand: Command = {
  name: 'reverse',
  summary: "Take a settlement back, so that the channel's corrected file can be taken in",
  description:
    'It counts in nothing from then on. The settlement worker reverses what was posted for it, closes its differences and\nundoes decisions about them; file, lines and entries stay. Refused when the bank has settled its payout.\nTwo people answer for it, as for a write-off.',
  arguments: [{ name: 'settlement', description: 'its id, such as stl_…' }],
  options: {
    by: { description: 'Who takes it back', value: 'name' },
    'approved-by': { description: 'Who else answers for it', value: 'name' },
    reason: { description: 'Why', value: 'why' },
  },
  examples: ['npx commerce settlement reverse stl_… --by ann --approved-by ben --reason "Corrected by the channel"'],
  run: async (invocation) => (await import('./reverse.ts')).reverse(invocation),
};
