import type { Topic } from '../command.ts';
import { checkCommand } from './check-command.ts';

export const sourcingTopic: Topic = {
  name: 'sourcing',
  summary: 'The rules by which orders are spread over nodes: check them before they take effect',
  commands: [checkCommand],
};
