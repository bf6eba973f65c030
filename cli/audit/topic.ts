import type { Command, Topic } from '../command.ts';

const verify: Command = {
  name: 'verify',
  summary: 'Check the chain of what operators did; fails where it was broken',
  run: async (invocation) => (await import('./verify.ts')).verify(invocation),
};

export const auditTopic: Topic = {
  name: 'audit',
  summary: 'What operators did, and why',
  commands: [verify],
};
