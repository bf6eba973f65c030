import type { ChannelStatement, StatementSource } from '../port.ts';

/** A channel that keeps its statements in memory. What is added later is told later. */
export function memoryStatementSource(): StatementSource & {
  add(statement: ChannelStatement, content: string): void;
  addPayouts(startedAt: Date, answer: string): void;
} {
  const kept: { statement: ChannelStatement; content: string }[] = [];
  const payouts: { startedAt: Date; answer: string }[] = [];
  return {
    add: (statement, content) => void kept.push({ statement, content }),
    addPayouts: (startedAt, answer) => void payouts.push({ startedAt, answer }),
    async statementsSince(since) {
      return kept
        .map(({ statement }) => statement)
        .filter(({ createdAt }) => createdAt >= since)
        .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1));
    },
    async *read({ id }) {
      const found = kept.find(({ statement }) => statement.id === id);
      if (!found) throw new Error(`no statement ${id}`);
      yield Buffer.from(found.content);
    },
    async *payoutsSince(since) {
      for (const { startedAt, answer } of payouts) if (startedAt >= since) yield answer;
    },
  };
}
