import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import { type CommandResult, leaveRequest, lock, NOT_FOUND } from './commands.ts';
import { resolveKeys } from './desk.ts';
import type { EditableField, IntegrationException } from './model.ts';
import { tellOfMoves } from './moves.ts';
import type { Corrected, CorrectedException } from './port.ts';
import { closedInWords, isClosed } from './states.ts';

/** A way to correct what a kind of work failed on, provided by the owner of the data. */
export interface Correction {
  readonly fields: readonly EditableField[];
  /** Whether this correction is for such an exception. */
  fits(exception: Pick<CorrectedException, 'system' | 'operation' | 'cause' | 'orderId'>): boolean;
  /**
   * Corrects the owner's data in the transaction. Values of required fields are there, and of choices valid.
   * @returns what was changed, for the audit, without personal data
   */
  apply(
    trx: Knex.Transaction,
    exception: CorrectedException,
    values: Readonly<Record<string, string>>,
  ): Promise<Corrected>;
}

/** A value as the operator gives it. */
export interface GivenValue {
  readonly name: string;
  readonly value: string;
}

/** Longest value, in characters. */
const MAX_VALUE = 200;

/** What an exception can be given, so that its work is tried again with it. Empty when it is closed or nothing fits. */
export function editableFields(
  corrections: readonly Correction[],
  exception: Pick<IntegrationException, 'system' | 'operation' | 'cause' | 'orderId' | 'state'>,
): readonly EditableField[] {
  if (isClosed(exception.state)) return [];
  return corrections.find((correction) => correction.fits(exception))?.fields ?? [];
}

export interface CorrectionResult extends CommandResult {
  /** Before and after, for the audit. Null when nothing was changed. */
  readonly change: string | null;
}

/**
 * Corrects the data that an exception's work failed on, by the owner's own rules, and has the work tried again: both or
 * neither. Where the correction alone makes up for the failure, the exception is resolved with it.
 */
export async function correct(
  trx: Knex.Transaction,
  corrections: readonly Correction[],
  exceptionId: string,
  given: readonly GivenValue[],
  by: { readonly clientId: string; readonly reason: string },
): Promise<CorrectionResult> {
  const found = await lock(trx, exceptionId);
  if (!found) return { ...NOT_FOUND, change: null };
  const refuse = (code: string, message: string, field: readonly string[] = ['exceptionId']): CorrectionResult => ({
    exceptionId,
    userErrors: [{ code, message, field }],
    change: null,
  });
  if (isClosed(found.state)) return refuse('NOT_EDITABLE', closedInWords(found.state));
  const correction = corrections.find((each) => each.fits(found));
  if (!correction)
    return refuse(
      'NOT_EDITABLE',
      'Nothing of this exception can be corrected here: its `editable` is empty. Correct the cause in its system, then retry it.',
    );
  const problem = problemWith(correction.fields, given);
  if (problem) return refuse('INVALID_VALUE', problem.message, problem.field);
  const values = Object.fromEntries(given.map(({ name, value }) => [name, value.trim()]));
  const corrected = await correction.apply(trx, found, values);
  if (corrected.kind === 'refused') {
    const at = given.findIndex(({ name }) => name === corrected.field);
    return refuse('INVALID_VALUE', corrected.message, fieldOf(at));
  }
  // Whoever resolves it: until it fails again, it was this that helped.
  const touched = await query<{ id: string }>(
    trx,
    `update integration.exception set closed_by = ?, note = ?
     where id = ? or key = any(?::text[]) and state in ('OPEN', 'RETRYING') returning id`,
    [by.clientId, by.reason, exceptionId, corrected.settles],
  );
  await tellOfMoves(trx, touched.map(({ id }) => id), 'CORRECTED'); // biome-ignore format: one thought
  if (found.retryable) await leaveRequest(trx, exceptionId, by.clientId);
  await resolveKeys(trx, corrected.settles);
  return { exceptionId, userErrors: [], change: corrected.change };
}

function problemWith(
  fields: readonly EditableField[],
  given: readonly GivenValue[],
): { readonly message: string; readonly field: readonly string[] } | null {
  for (const [at, { name, value }] of given.entries()) {
    const field = fields.find((each) => each.name === name);
    if (!field)
      return { message: `There is no ${name} to correct; there is ${listed(fields.map((each) => each.name))}.`, field: fieldOf(at) }; // biome-ignore format: one thought
    if (given.findIndex((other) => other.name === name) < at)
      return { message: `${name} is given twice.`, field: fieldOf(at) };
    if (value.length > MAX_VALUE || /\p{Cc}/u.test(value))
      return { message: `${name} is at most ${MAX_VALUE} characters without control characters.`, field: fieldOf(at) };
    if (field.choices && !field.choices.includes(value.trim()))
      return { message: `${name} is one of ${listed(field.choices)}.`, field: fieldOf(at) };
  }
  const missing = fields.find(
    (field) => field.required && !given.some(({ name, value }) => name === field.name && value.trim() !== ''),
  );
  if (missing) return { message: `${missing.name} is needed.`, field: ['input', 'values'] };
  return given.length > 0 ? null : { message: 'Give at least one value.', field: ['input', 'values'] };
}

const fieldOf = (at: number) => (at < 0 ? ['input', 'values'] : ['input', 'values', String(at), 'value']);
const listed = (names: readonly string[]) => names.join(', ');

const MAX_REASON = 1_000;

/** @throws CommerceError BAD_USER_INPUT when the reason says nothing, or more than 1000 characters */
export function checkReason(reason: string): void {
  if (reason.trim() === '' || reason.length > MAX_REASON || reason.includes('\0'))
    throw new CommerceError('BAD_USER_INPUT', `input.reason must say in 1 to ${MAX_REASON} characters why.`);
}
