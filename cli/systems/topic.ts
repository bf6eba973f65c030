import type { Topic } from '../command.ts';
import { checkCommand } from './check-command.ts';

export const systemsTopic: Topic = {
  name: 'systems',
  summary: 'The systems of record: check a mapping of a database before it takes effect',
  commands: [checkCommand],
};
