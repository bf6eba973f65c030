import { QueryPlanner } from '@apollo/query-planner';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type LiveServer, startLiveServer } from '../helpers/live-server.ts';
import { fragmentBombs } from './fragment-bombs.ts';

let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer();
});
afterAll(async () => {
  await server.stop();
  await server.graph.close();
});

describe('a fragment bomb', () => {
  it.each(fragmentBombs())('$name is refused by $refusedBy, and never planned', async ({ text, refusedBy }) => {
    const planned = jest.spyOn(QueryPlanner.prototype, 'buildQueryPlan');
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' },
      body: JSON.stringify({ query: text, ...(text.includes('Bomb') ? { operationName: 'Harmless' } : {}) }),
    });
    const { errors } = (await response.json()) as { errors: { extensions: { code: string; limit?: string } }[] };
    expect(response.status).toBe(400);
    expect(errors[0]?.extensions.limit ?? errors[0]?.extensions.code).toBe(refusedBy);
    expect(planned).not.toHaveBeenCalled();
  });
});
