import { type DirectiveNode, type DocumentNode, Kind, type ValueNode } from 'graphql';
import { forEachElement, isOwnType } from '../schema-elements.ts';
import { type Finding, finding } from './finding.ts';

/** Who may read an element: any one of the groups, of which everything is needed. */
type AnyOfAll = readonly (readonly string[])[];

interface Rules {
  readonly authenticated: boolean;
  readonly requiresScopes: AnyOfAll | null;
  readonly policy: AnyOfAll | null;
}

const SPECS = ['authenticated', 'requiresScopes', 'policy'] as const;

/** Access rules that ask for less than before. What is gone altogether asks for nothing: that is another finding. */
export function weakenedRules(before: DocumentNode, after: DocumentNode): Finding[] {
  const was = readRules(before);
  const is = readRules(after);
  const exists = elements(after);
  const found: Finding[] = [];
  for (const [coordinate, rules] of was) {
    if (!exists.has(coordinate)) continue;
    const now = is.get(coordinate);
    const say = (rule: string, message: string) =>
      found.push(
        finding({
          category: 'access',
          rule,
          severity: 'breaking',
          coordinate,
          detail: message,
          message,
          reason: 'Clients could read or do what they could not before.',
          advice: 'Bring the rule back, or let the owner approve that it goes.',
        }),
      );
    if (rules.authenticated && !now?.authenticated && !now?.requiresScopes)
      say('AUTHENTICATION_REMOVED', `${coordinate} no longer asks for a credential (@authenticated).`);
    for (const [name, former, present] of [
      ['@requiresScopes', rules.requiresScopes, now?.requiresScopes ?? null],
      ['@policy', rules.policy, now?.policy ?? null],
    ] as const) {
      if (former === null) continue;
      if (present === null) say('ACCESS_RULE_REMOVED', `${coordinate} no longer has ${name} ${text(former)}.`);
      else if (!present.every((group) => former.some((needed) => needed.every((one) => group.includes(one)))))
        say('ACCESS_RULE_WEAKENED', `${coordinate} asks for less: ${name} ${text(former)} is now ${text(present)}.`);
    }
  }
  return found;
}

/** New or stricter rules: clients without the right now get null and an error. */
export function addedRules(before: DocumentNode, after: DocumentNode): Finding[] {
  const was = readRules(before);
  const existed = elements(before);
  return [...readRules(after)].flatMap(([coordinate, rules]): Finding[] => {
    const former = was.get(coordinate);
    if (!existed.has(coordinate) || JSON.stringify(former) === JSON.stringify(rules)) return [];
    const added = SPECS.filter(
      (spec) => JSON.stringify(former?.[spec] ?? false) !== JSON.stringify(rules[spec] ?? false) && rules[spec],
    );
    if (added.length === 0) return [];
    return [
      finding({
        category: 'access',
        rule: 'ACCESS_RULE_ADDED',
        severity: 'dangerous',
        coordinate,
        detail: JSON.stringify(rules),
        message: `${coordinate} now asks for ${added.map((spec) => describe(spec, rules)).join(' and ')}.`,
        reason: 'Clients whose credential does not carry it get null and a FORBIDDEN error.',
        advice: 'Give the scope to the keys of the clients below before this goes live.',
      }),
    ];
  });
}

function describe(spec: (typeof SPECS)[number], rules: Rules): string {
  const groups = spec === 'authenticated' ? null : rules[spec];
  return groups ? `@${spec} ${text(groups)}` : `@${spec}`;
}

function readRules(document: DocumentNode): Map<string, Rules> {
  const names = localNames(document);
  const found = new Map<string, Rules>();
  for (const definition of document.definitions) {
    if (!isOwnType(definition)) continue;
    forEachElement(definition, (element, at) => {
      const use = (spec: (typeof SPECS)[number]) => element.directives?.find(({ name }) => name.value === names[spec]);
      const rules = {
        authenticated: use('authenticated') !== undefined,
        requiresScopes: groups(use('requiresScopes')),
        policy: groups(use('policy')),
      };
      if (rules.authenticated || rules.requiresScopes || rules.policy) found.set(at, rules);
    });
  }
  return found;
}

function elements(document: DocumentNode): Set<string> {
  const found = new Set<string>();
  for (const definition of document.definitions)
    if (isOwnType(definition)) forEachElement(definition, (_, at) => void found.add(at));
  return found;
}

/** How the supergraph calls the directives of the specifications: @link may rename them. */
function localNames(document: DocumentNode): Record<(typeof SPECS)[number], string> {
  const names = { authenticated: 'authenticated', requiresScopes: 'requiresScopes', policy: 'policy' };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const link of definition.directives ?? []) {
      const argument = (name: string) => link.arguments?.find((candidate) => candidate.name.value === name)?.value;
      const url = argument('url');
      const as = argument('as');
      const spec = url?.kind === Kind.STRING ? SPECS.find((name) => url.value.includes(`/${name}/`)) : undefined;
      if (!spec) continue;
      if (as?.kind === Kind.STRING) names[spec] = as.value;
      const imports = argument('import');
      for (const entry of imports ? list(imports) : []) {
        const part = (name: string) =>
          entry.kind === Kind.OBJECT
            ? entry.fields.find((candidate) => candidate.name.value === name)?.value
            : undefined;
        const [name, alias] = [part('name'), part('as')];
        if (name?.kind === Kind.STRING && name.value === `@${spec}` && alias?.kind === Kind.STRING)
          names[spec] = alias.value.slice(1);
      }
    }
  }
  return names;
}

function groups(directive: DirectiveNode | undefined): AnyOfAll | null {
  const value = directive?.arguments?.[0]?.value;
  if (!value) return null;
  return list(value).map((group) => list(group).flatMap((one) => (one.kind === Kind.STRING ? [one.value] : [])));
}

const list = (value: ValueNode): readonly ValueNode[] => (value.kind === Kind.LIST ? value.values : [value]);
const text = (value: AnyOfAll): string => JSON.stringify(value);
