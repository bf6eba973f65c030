import type { EmbeddedPostgres } from '../../platform/db/embedded/index.ts';

/** Handed from global setup to global teardown: Jest runs both in one process but loads each with its own modules. */
interface TestServer {
  postgres: EmbeddedPostgres;
  dataDir: string;
}

const shared = globalThis as typeof globalThis & { commerceTestServer?: TestServer };

export const testServer = {
  get current(): TestServer | undefined {
    return shared.commerceTestServer;
  },
  set current(server: TestServer) {
    shared.commerceTestServer = server;
  },
};
