import type { Command } from '../command.ts';

export const rematchCommand: Command = {
  name: 'rematch',
  summary: 'Have the lines of open differences looked at again',
  description:
    'The settlement worker of the running platform does it. It reads config/settlement.yaml when it starts, and when that changed\nit does this by itself. What was decided stays decided.',
  options: {
    channel: { description: 'Only of this channel', value: 'code' },
    statement: { description: 'Only of this settlement', value: 'id' },
  },
  examples: ['npx commerce settlement rematch --channel WALMART'],
  run: async (invocation) => (await import('./rematch.ts')).rematch(invocation),
};
