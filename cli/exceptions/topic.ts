import type { Command, Option, Topic } from '../command.ts';

const CAUSES = ['VALIDATION', 'MAPPING', 'THROTTLED', 'CONFLICT', 'UNAVAILABLE', 'DEADLINE', 'UNKNOWN'];

const filter: Readonly<Record<string, Option>> = {
  system: { description: 'Only of this system, such as wms', value: 'code' },
  cause: { description: 'Only of this class', value: 'cause', choices: CAUSES, repeatable: true },
  owner: { description: 'Only those that this team looks after', value: 'team' },
  operation: { description: 'Only those whose operation begins so', value: 'text' },
  channel: { description: 'Only of this sales channel', value: 'code' },
  order: { description: 'Only of this order', value: 'id' },
};

const list: Command = {
  name: 'list',
  summary: 'List exceptions, newest first; the open ones unless told',
  options: {
    ...filter,
    state: {
      description: 'In this state',
      value: 'state',
      choices: ['OPEN', 'RETRYING', 'RESOLVED', 'DISMISSED'],
      repeatable: true,
    },
    limit: { description: 'At most so many, 1 to 100', value: 'number', fallback: '20' },
    json: { description: 'One JSON object per exception' },
  },
  run: async (invocation) => (await import('./list.ts')).list(invocation),
};

const retry: Command = {
  name: 'retry',
  summary: 'Have the work behind exceptions tried again: named ones, or all open ones of a filter',
  description:
    'A worker does it, at a bounded pace, and goes on after a restart. Exit code 1 when something failed again.\nNothing is done twice, however often it is tried.',
  arguments: [{ name: 'id', description: 'exception; all of the filter when left out', optional: true, many: true }],
  options: {
    ...filter,
    all: { description: 'All open exceptions, where no other option narrows them' },
    reason: { description: 'Why, for the audit; no personal data', value: 'text' },
    'no-wait': { description: 'Do not wait until it is finished' },
  },
  examples: ['npx commerce exceptions retry --system wms --cause UNAVAILABLE --reason "The warehouse is back"'],
  run: async (invocation) => (await import('./retry.ts')).retry(invocation),
};

const dismiss: Command = {
  name: 'dismiss',
  summary: 'Close an exception that needs no more attention',
  arguments: [{ name: 'id', description: 'exception' }],
  options: { reason: { description: 'Why, for the audit; no personal data', value: 'text' } },
  run: async (invocation) => (await import('./dismiss.ts')).dismiss(invocation),
};

export const exceptionsTopic: Topic = {
  name: 'exceptions',
  summary: 'The exception desk: what went wrong between systems, retry and dismiss it',
  commands: [list, retry, dismiss],
};
