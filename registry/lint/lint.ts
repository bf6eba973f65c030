import { type DocumentNode, print, type TypeDefinitionNode } from 'graphql';
import { type Finding, finding } from '../check/finding.ts';
import { type Element, forEachElement, isOwnType } from '../schema-elements.ts';
import { LINT_RULES } from './rules.ts';

/**
 * Holds a composed graph to the house's rules.
 * @param changedSince a former graph: then only what is new or different is looked at
 */
export function lint(document: DocumentNode, changedSince?: DocumentNode): Finding[] {
  const former = changedSince ? signatures(changedSince) : undefined;
  const types = new Map<string, TypeDefinitionNode>();
  for (const definition of document.definitions)
    if (isOwnType(definition)) types.set(definition.name.value, definition);
  const found: Finding[] = [];
  for (const type of types.values())
    forEachElement(type, (element, coordinate, kind) => {
      if (former?.get(coordinate) === signature(element)) return;
      for (const rule of LINT_RULES) {
        const message = rule.check({ coordinate, element, kind, type, types });
        if (message === null) continue;
        const { name, reason } = rule;
        found.push(finding({ category: 'lint', rule: name, severity: 'breaking', coordinate, message, reason }));
      }
    });
  return found;
}

function signatures(document: DocumentNode): Map<string, string> {
  const found = new Map<string, string>();
  for (const definition of document.definitions)
    if (isOwnType(definition)) forEachElement(definition, (element, at) => void found.set(at, signature(element)));
  return found;
}

/** The element without its parts: they are elements of their own. */
function signature(element: Element): string {
  if ('fields' in element) return print({ ...element, fields: [] });
  if ('values' in element) return print({ ...element, values: [] });
  return print(element);
}
