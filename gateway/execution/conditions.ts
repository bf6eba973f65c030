import { type DirectiveNode, Kind } from 'graphql';

/** `@include(if: $variable)`, or `@skip` when it is negated. */
export interface Condition {
  readonly variable: string;
  readonly isNegated: boolean;
}

/** All of them must hold. */
export type Conditions = readonly Condition[];

/**
 * Adds the conditions of a selection to those of what it stands in.
 * @returns null when it is never selected
 */
export function conditionsOf(directives: readonly DirectiveNode[] | undefined, outer: Conditions): Conditions | null {
  let all = outer;
  for (const { name, arguments: given } of directives ?? []) {
    if (name.value !== 'skip' && name.value !== 'include') continue;
    const isNegated = name.value === 'skip';
    const value = given?.[0]?.value;
    if (value?.kind === Kind.BOOLEAN) {
      if (value.value === isNegated) return null;
    } else if (value?.kind === Kind.VARIABLE) {
      const variable = value.name.value;
      if (!all.some((known) => known.variable === variable && known.isNegated === isNegated))
        all = [...all, { variable, isNegated }];
    }
  }
  return all;
}
