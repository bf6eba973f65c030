import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Debian 12. With what they need: ERP, sales, invoices, warehouse, price lists. */
const PACKAGES = [
  'tryton-server',
  'tryton-modules-sale',
  'tryton-modules-account-invoice-stock',
  'tryton-modules-sale-price-list',
  'tryton-modules-stock-package',
];

/** Modules that a database gets; each brings those it needs. */
export const MODULES = ['sale', 'account_invoice_stock', 'sale_price_list', 'stock_package'];

/**
 * Sees to it that Tryton's server is installed: by Debian's packages, when this may be done here.
 * @param say told what is being done, a line at a time
 * @throws Error that says what to do by hand
 */
export async function installTryton(say: (line: string) => void): Promise<void> {
  if ((await installedVersions()) !== null) return;
  const byHand = `Install it as root: RUNLEVEL=1 apt-get install --no-install-recommends ${PACKAGES.join(' ')}`;
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error(`Tryton's server is not installed, and only root can do that on Debian 12. ${byHand}`);
  say('installing Tryton from Debian packages …');
  // With this run level the package starts no daemon of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  try {
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES], { env });
  } catch (error) {
    throw new Error(`Tryton's Debian packages could not be installed. ${byHand}`, { cause: error });
  }
}

/** Name of what is installed: a database fits the versions that made it, and no others. Null when a package is missing. */
export async function installedVersions(): Promise<string | null> {
  try {
    const { stdout } = await run('dpkg-query', [
      '--show',
      `--showformat=\${Status} \${Package} \${Version}\n`,
      ...PACKAGES,
    ]);
    const lines = stdout.trim().split('\n');
    if (lines.some((line) => !line.startsWith('install ok installed '))) return null;
    return createHash('sha256').update(lines.sort().join()).digest('hex').slice(0, 12);
  } catch {
    return null;
  }
}
