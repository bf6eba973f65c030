import { type DocumentNode, GraphQLError, getOperationAST } from 'graphql';
import type { Caller } from '../../platform/caller.ts';
import type { OperationPlan } from '../planning/operation-plan.ts';
import { deniedPaths } from './denied-paths.ts';
import type { GuardedField } from './guarded-fields.ts';
import { explain, isMet } from './rule.ts';

type Path = readonly (string | number)[];

/** The guarded fields of a plan that the caller may not read. */
export function deniedTo(plan: OperationPlan, caller: Caller): readonly GuardedField[] {
  return plan.guarded.filter(({ rules }) => !rules.every((rule) => isMet(rule, caller)));
}

/**
 * Denied fields because of which nothing may run at all: a mutation that runs in part would have effects that its
 * answer, null as a whole, does not show; a subscription would deliver nothing for ever.
 */
export function deniedRoots(plan: OperationPlan, denied: readonly GuardedField[]): readonly GuardedField[] {
  return operationType(plan.document, plan.operationName) === 'query' ? [] : denied.filter(({ isRoot }) => isRoot);
}

export function forbidden(fields: readonly GuardedField[], caller: Caller, path: Path | null): GraphQLError {
  const lacking = fields.flatMap(({ rules }) => rules);
  return new GraphQLError(explain(lacking, caller), {
    ...(path ? { path } : {}),
    extensions: { code: 'FORBIDDEN', retryable: false },
  });
}

/**
 * An error for each denied field of an answer.
 *
 * @param plan a restricted one
 * @param answer as executed, names not yet restored
 * @param nulled nulls that moved up, as the executor tells them; null when it does not tell because something else failed
 */
export function forbiddenErrors(
  plan: OperationPlan,
  answer: unknown,
  nulled: readonly GraphQLError[] | null,
  caller: Caller,
): GraphQLError[] {
  const moved = (nulled ?? []).flatMap(({ path }): Path[] => (path ? [path] : []));
  const paths = [...deniedPaths(answer, new Set(plan.denied.keys())), ...moved];
  const told = new Set(paths.map((path) => path.at(-1)));
  const errors = paths.flatMap((path) => {
    const fields = plan.denied.get(String(path.at(-1)));
    return fields ? [forbidden(fields, caller, path)] : [];
  });
  if (nulled !== null) return errors;
  // Somewhere above a denied field there is a null, and nobody knows of which of the failures.
  const untold = [...plan.denied].filter(([name]) => !told.has(name));
  return [...errors, ...untold.map(([, fields]) => forbidden(fields, caller, null))];
}

function operationType(document: DocumentNode, operationName: string | undefined): string | undefined {
  return getOperationAST(document, operationName)?.operation;
}
