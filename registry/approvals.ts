import { z } from 'zod';
import { day, parseFile, type RegistryFiles } from './files.ts';

export const APPROVALS_FILE = 'schema/approvals.yaml';

export const approvalSchema = z.strictObject({
  /** Of the finding, as `commerce schema check` prints it. */
  id: z.string().regex(/^[0-9a-f]{10}$/, 'the ten hex characters that the check prints'),
  /** What the finding was, for whoever reads the file. */
  what: z.string().min(1),
  /** Why clients can bear it. */
  reason: z.string().min(1),
  by: z.string().min(1),
  on: day,
  /** First day on which it no longer holds. Null: it holds until the change is published. */
  expires: day.nullable(),
  /** Contract versions it was given for; the same finding in another one needs a new approval. */
  contracts: z.array(z.string()),
});

/** A finding that somebody takes the responsibility for. */
export type Approval = z.infer<typeof approvalSchema>;

const fileSchema = z.strictObject({ approvals: z.array(approvalSchema) });

/** @returns none when there is no file. @throws RegistryError when the file is no list of approvals */
export function readApprovals(files: RegistryFiles): Approval[] {
  const text = files.read(APPROVALS_FILE);
  return text === null ? [] : parseFile(fileSchema, APPROVALS_FILE, text).approvals;
}
