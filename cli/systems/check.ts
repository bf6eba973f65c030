import { resolve } from 'node:path';
import { namedVariable } from '../../platform/config.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { checkDatabase } from '../../systems/sql/check.ts';
import { createSqlClient } from '../../systems/sql/client.ts';
import { type MappingFile, readMapping, tellPlaces } from '../../systems/sql/read-mapping.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment } from '../failure.ts';

/** A person waits: views of legacy systems may be slow all the same. */
const TIMEOUT_MILLIS = 120_000;

/** `commerce systems check <file>` */
export async function check({ arguments: [name = ''], value, terminal }: Invocation): Promise<ExitCode> {
  let file: MappingFile;
  try {
    file = readMapping(resolve(name));
  } catch (error) {
    if (!isCommerceError(error)) throw error;
    terminal.out(`REFUSED ${error.message}`);
    return EXIT.REFUSED;
  }
  const { mapping } = file;
  const mapped = [...Object.keys(mapping.relations), ...(mapping.orders ? ['orders'] : [])].join(', ');
  const address = value('address');
  if (address === undefined) {
    terminal.out(`The file can be read: ${mapped}. The database was not asked: give --address.`);
    return EXIT.OK;
  }
  try {
    const variable = (option: string) => (value(option) === undefined ? null : namedVariable(value(option) ?? '', `--${option}`)); // biome-ignore format: one thought
    const account = { user: variable('user'), password: variable('password') };
    const { dialect } = mapping;
    const sql = createSqlClient('the database', { address: namedVariable(address, '--address'), dialect, ...account, concurrency: 1, timeoutMillis: TIMEOUT_MILLIS }); // biome-ignore format: one thought
    try {
      const { wrong, counted } = await checkDatabase(sql, file);
      for (const place of tellPlaces(wrong)) terminal.out(`REFUSED ${place}`);
      if (wrong.length > 0) return EXIT.REFUSED;
      terminal.out(`The database has what the file says: ${counted}`);
      return EXIT.OK;
    } finally {
      await sql.close();
    }
  } catch (error) {
    if (isCommerceError(error)) throw environment(error.message, error);
    throw error;
  }
}
