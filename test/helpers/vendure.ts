import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../../platform/paths.ts';
import type { VendureTerms } from '../../subgraphs/order/main.ts';
import { createVendureClient, type VendureClient, type VendureClientOptions } from '../../systems/vendure/client.ts';
import { installVendure } from '../../systems/vendure/server/install.ts';
import { prepareVendure } from '../../systems/vendure/server/prepare.ts';
import { startVendure, type VendureServer } from '../../systems/vendure/server/start.ts';

export interface TestVendure {
  readonly server: VendureServer;
  readonly terms: VendureTerms;
  readonly account: { readonly user: string; readonly password: string };
  open(options?: Partial<VendureClientOptions>): VendureClient;
  stop(): Promise<void>;
}

/** Sees to it that Vendure is installed and has a database with two articles; both are kept in the project for the next run. Fails where it cannot be. */
export async function prepareTestVendure() {
  const home = projectFile('.data', 'vendure');
  const installed = await installVendure(join(home, 'installed'), (line) => process.stderr.write(`${line}\n`));
  const prepared = await prepareVendure(installed, join(home, 'prepared'), {
    name: 'two',
    articles: () => [
      { sku: '71053', title: 'Lantern', price: 100 },
      { sku: '85123A', title: 'Candle', price: 100 },
    ],
    countries: ['GB'],
  });
  return { installed, prepared };
}

/** Vendure itself, as a process, with no orders. */
export async function startTestVendure(): Promise<TestVendure> {
  const { installed, prepared } = await prepareTestVendure();
  const folder = await mkdtemp(join(tmpdir(), 'vendure-'));
  const { account, ids } = prepared;
  // The file is only read: what this run does stays in memory.
  const server = await startVendure(installed, { folder, database: prepared.file, account, keepsChanges: false });
  return {
    server,
    account,
    terms: { customer: { default: ids.customer }, shippingMethod: ids.shippingMethod, payment: 'commerce' },
    // A machine may be busy: these suites are about what Vendure says, not when.
    open: (options = {}) =>
      createVendureClient({ address: server.url, ...account, timeoutMillis: 120_000, ...options }),
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
