import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { getOperationAST, Lexer, parse, Source, TokenKind } from 'graphql';
import { operationSize } from '../../gateway/guards/document-size.ts';
import { readLimits } from '../../gateway/guards/limits.ts';
import { operationCost } from '../../gateway/guards/operation-cost.ts';
import { variableSize } from '../../gateway/guards/variable-size.ts';
import { loadSnapshot } from '../../gateway/load-snapshot.ts';
import { createLogger } from '../../platform/logger.ts';
import { projectFile } from '../../platform/paths.ts';
import { readContracts } from '../../registry/contracts.ts';
import { contractOperations } from '../helpers/contract-operations.ts';

const { contracts } = loadSnapshot(readFileSync(projectFile('schema', 'supergraph.graphql'), 'utf8'), {
  contracts: readContracts(),
  dataSource: () => ({ process: async () => ({ data: null }) }),
  logger: createLogger({ level: 'silent', component: 'test' }),
});
const limits = readLimits();
/** Operations grow. When one comes closer than this, its contract's limit is to be looked at. */
const ROOM = 0.8;

describe.each(contractOperations())('$contract: $name', ({ contract, document: text, variables }) => {
  const snapshot = [...contracts.values()].find(({ name }) => name === contract);
  const { request } = limits.of(contract);
  const document = parse(text);
  const operation = getOperationAST(document);
  const size = operation && operationSize(document, operation);
  if (!snapshot || !operation || !size) throw new Error('not an operation of a contract');
  const rules = { rules: snapshot.costRules, assumedListSize: request.assumedListSize };
  const cost = operationCost(snapshot.schema, document, operation, rules);

  it('has room under every limit of its contract', () => {
    const values = variableSize(variables, request.variableBytes);
    const measured = {
      ...size,
      tokens: tokensOf(text),
      documentBytes: text.length,
      variableBytes: values.bytes,
      listArgument: values.longestList,
      cost: cost.requested(variables),
      ...(operation.operation === 'subscription' ? { subscriptionCost: cost.requested(variables) } : {}),
    };
    const crowded = Object.entries(measured).filter(
      ([name, actual]) => actual > ROOM * request[name as keyof typeof request],
    );
    expect(crowded).toEqual([]);
    expect(cost.largestList(variables)).toBeLessThanOrEqual(request.listSize);
  });
});

function tokensOf(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  while (lexer.advance().kind !== TokenKind.EOF) count++;
  return count;
}
