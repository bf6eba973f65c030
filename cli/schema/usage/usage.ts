import { readRecordedUsage } from '../../../gateway/usage/store.ts';
import { workingTree } from '../../../registry/files.ts';
import { USAGE_FILE, type UsageSnapshot, usageAgeDays } from '../../../registry/usage.ts';
import { readVersions } from '../../../registry/versions.ts';
import { writeFiles } from '../../../registry/write-files.ts';
import type { Invocation } from '../../command.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { CommandFailure, usage } from '../../failure.ts';
import { withStore } from '../../store.ts';

/** Age from which usage says little about today, in days. */
const OLD_DAYS = 7;

/** `commerce schema usage export` */
export async function exportUsage(invocation: Invocation): Promise<ExitCode> {
  const snapshot = await recorded(invocation);
  const text = `${JSON.stringify(snapshot, null, 2)}\n`;
  const output = invocation.value('output') ?? USAGE_FILE;
  if (output === '-') invocation.terminal.out(text.trimEnd());
  else writeFiles([{ path: output, content: text }]);
  sayHow(invocation, snapshot);
  return EXIT.OK;
}

/** `commerce schema usage versions` */
export async function versions(invocation: Invocation): Promise<ExitCode> {
  const snapshot = await recorded(invocation);
  const ends = new Map(readVersions(workingTree()).map(({ version, sunset }) => [version, sunset]));
  const users = new Map<string, { count: number; lastSeen: string }>();
  for (const { contract, version, client, clientVersion, count, lastSeen } of snapshot.operations) {
    const key = [`${contract}/${version}`, client, clientVersion || '-', ends.get(version) ?? 'no end set'].join('  ');
    const known = users.get(key) ?? { count: 0, lastSeen };
    users.set(key, { count: known.count + count, lastSeen: later(lastSeen, known.lastSeen) });
  }
  invocation.terminal.note('contract/version  client  client version  served until  requests  last seen');
  for (const [key, { count, lastSeen }] of [...users].sort(([a], [b]) => (a < b ? -1 : 1))) {
    invocation.terminal.out(`${key}  ${count}  ${lastSeen.slice(0, 10)}`);
  }
  sayHow(invocation, snapshot);
  return EXIT.OK;
}

/** Of two instants in ISO form, which sort as text. */
function later(one: string, other: string): string {
  return one.localeCompare(other) > 0 ? one : other;
}

async function recorded(invocation: Invocation): Promise<UsageSnapshot> {
  const days = Number(invocation.value('days') ?? 60);
  if (!Number.isInteger(days) || days < 1 || days > 400) throw usage('--days is a whole number from 1 to 400.');
  const snapshot = await withStore(({ knex }) => readRecordedUsage(knex, days));
  if (!snapshot) {
    throw new CommandFailure(EXIT.REFUSED, 'No gateway has recorded usage in this database yet. Nothing was written.');
  }
  return snapshot;
}

function sayHow({ terminal }: Invocation, snapshot: UsageSnapshot): void {
  const { recordedFrom, recordedUntil, fields, operations } = snapshot;
  const span = `${recordedFrom.slice(0, 10)} to ${recordedUntil.slice(0, 10)}`;
  terminal.note(`${operations.length} uses of documents, ${fields.length} of fields, recorded ${span}.`);
  const age = usageAgeDays(snapshot, new Date());
  if (age < OLD_DAYS) return;
  terminal.note(terminal.style('yellow', `This is old: nothing was recorded for ${age} days. Is a gateway running?`));
}
