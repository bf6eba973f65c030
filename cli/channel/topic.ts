import type { Topic } from '../command.ts';
import { addCommand } from './add-command.ts';
import { mapCommand } from './map-command.ts';

export const channelTopic: Topic = {
  name: 'channel',
  summary: 'Channels: where orders come from, and the rules that their prices and stock follow',
  commands: [addCommand, mapCommand],
};
