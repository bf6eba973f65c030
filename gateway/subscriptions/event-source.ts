import { readFileSync } from 'node:fs';
import type { GraphQLDataSource } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type DocumentNode, executeSync, parse } from 'graphql';
import { projectFile } from '../../platform/paths.ts';
import { LruCache } from '../planning/lru-cache.ts';

const schema = buildSubgraphSchema([
  { typeDefs: parse(readFileSync(projectFile('schema', 'events.graphql'), 'utf8')) },
]);
const parsed = new LruCache<DocumentNode>(500);

/**
 * Stands in for the server that the `events` subgraph does not have: answers the first step of a subscription's plan
 * with one payload. The payload is executed, not handed out, because the step has the client's aliases and fragments.
 *
 * @param field the subscription field
 * @param payload its value: the fields of schema/events.graphql, entities as `{ __typename, <key> }`
 */
export function eventSource(field: string, payload: Readonly<Record<string, unknown>>): GraphQLDataSource {
  return {
    process: async ({ request }) => {
      const query = request.query ?? '';
      let document = parsed.get(query);
      if (!document) {
        document = parse(query);
        parsed.set(query, document);
      }
      const result = executeSync({
        schema,
        document,
        rootValue: { [field]: payload },
        variableValues: request.variables ?? {},
      });
      const data = result.data ?? null;
      return result.errors ? { data, errors: result.errors.map((error) => error.toJSON()) } : { data };
    },
  };
}
