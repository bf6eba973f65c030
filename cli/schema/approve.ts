import { parseDocument, YAMLSeq } from 'yaml';
import { APPROVALS_FILE, approvalSchema } from '../../registry/approvals.ts';
import { day, workingTree } from '../../registry/files.ts';
import { writeFiles } from '../../registry/write-files.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { runCheck } from './run-check.ts';

/** `commerce schema approve` */
export async function approve(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const [id] = invocation.arguments;
  const by = invocation.value('by');
  const reason = invocation.value('reason');
  if (!by || !reason) throw usage('Say who takes the responsibility (--by) and why clients can bear it (--reason).');
  const now = new Date();
  const expires = readExpiry(invocation.value('expires'), now.toISOString().slice(0, 10));
  const found = runCheck(invocation.value('base'), now).findings.find((finding) => finding.id === id);
  if (!found || found.category === 'composition') {
    terminal.note(
      found ? 'What does not compose cannot be approved.' : `The check finds no ${id} now: nothing was approved.`,
    );
    return EXIT.REFUSED;
  }
  const approval = approvalSchema.safeParse({
    id,
    what: found.message,
    reason,
    by,
    on: now.toISOString().slice(0, 10),
    expires,
    contracts: found.contracts,
  });
  if (!approval.success)
    throw usage(
      `Not approved: ${approval.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
    );
  // As a document, so that the comments of the file stay.
  const file = parseDocument(workingTree().read(APPROVALS_FILE) ?? 'approvals: []\n');
  const list = file.get('approvals');
  const entries = list instanceof YAMLSeq ? list : new YAMLSeq();
  entries.flow = false;
  entries.items = entries.items.filter((item) => (item as { get?(key: string): unknown }).get?.('id') !== id);
  entries.add(file.createNode(approval.data));
  file.set('approvals', entries);
  writeFiles([{ path: APPROVALS_FILE, content: file.toString({ lineWidth: 120 }) }]);
  terminal.out(`Approved: ${found.message}\nCommit ${APPROVALS_FILE} with the change.`);
  return EXIT.OK;
}

/** @throws CommandFailure USAGE for a day on which the approval would not hold any more, today included */
function readExpiry(text: string | undefined, today: string): string | null {
  if (text === undefined) return null;
  const found = day.safeParse(text);
  if (!found.success) throw usage(`--expires takes ${found.error.issues[0]?.message}; got ${JSON.stringify(text)}.`);
  if (text <= today)
    throw usage(
      `Not approved: --expires is the first day on which the approval no longer holds, so ${text} gives nothing; today is ${today} (UTC). Say a later day.`,
    );
  return text;
}
