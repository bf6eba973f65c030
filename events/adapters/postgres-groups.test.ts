import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { until } from '../../test/helpers/processes.ts';
import type { Lease } from '../groups.ts';
import { sequencesOf } from '../sequences.ts';
import { postgresGroups } from './postgres-groups.ts';
import { openPostgresSession, type PostgresSession } from './postgres-session.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const codec = sequencesOf('test');

describe('leading a group', () => {
  let database: TestDatabase;
  let sessions: PostgresSession[];
  let leaving: AbortController;

  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    leaving = new AbortController();
    sessions = ['test-first', 'test-second'].map((applicationName) =>
      openPostgresSession(database.url, { applicationName, logger }),
    );
    for (const session of sessions) await session.ready();
  });
  afterEach(async () => {
    leaving.abort();
    for (const session of sessions) await session.close();
  });

  const groupsOf = (index: number) =>
    postgresGroups(database.knex, sessions[index] as PostgresSession, async () => codec);
  const cut = (applicationName: string) =>
    database.knex.raw(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = ? and datname = current_database()',
      [applicationName],
    );
  const lead = async (index: number, group = 'readers') => (await groupsOf(index).lead(group, leaving.signal)) as Lease;

  it('is lost with the connection, and goes to the next', async () => {
    const first = await lead(0);
    let second: Lease | null = null;
    const waiting = lead(1).then((lease) => {
      second = lease;
    });
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(second).toBeNull();
    expect(first.signal.aborted).toBe(false);
    await cut('test-first');
    await until(() => first.signal.aborted);
    await waiting;
    expect((second as Lease | null)?.signal.aborted).toBe(false);
  });

  it('can be had again after the connection came back', async () => {
    const groups = groupsOf(0);
    const first = (await groups.lead('readers', leaving.signal)) as Lease;
    await cut('test-first');
    await until(() => first.signal.aborted);
    await first.release();
    const again = (await groups.lead('readers', leaving.signal)) as Lease;
    expect(again.signal.aborted).toBe(false);
    await cut('test-first');
    await until(() => again.signal.aborted);
  });

  it('is not given twice within one process', async () => {
    const groups = groupsOf(0);
    const first = (await groups.lead('readers', leaving.signal)) as Lease;
    let second: Lease | null = null;
    const waiting = groups.lead('readers', leaving.signal).then((lease) => {
      second = lease;
    });
    await groups.lead('others', leaving.signal);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(second).toBeNull();
    await first.release();
    await waiting;
    expect(second).not.toBeNull();
  });

  it('ends the wait when the signal aborts', async () => {
    await lead(0);
    const waiting = groupsOf(1).lead('readers', leaving.signal);
    leaving.abort();
    expect(await waiting).toBeNull();
  });

  it('keeps a position that never goes back', async () => {
    const groups = groupsOf(0);
    const at = (position: bigint) => codec.format(position);
    await database.knex.raw('update integration.event_log_state set head = 9, floor = 3');
    expect(await groups.position('new')).toBe(at(3n));
    await groups.save('new', at(7n));
    await groups.save('new', at(5n));
    expect(await groups.position('new')).toBe(at(7n));
    expect(await groupsOf(1).position('new')).toBe(at(7n));
  });
});
