import type { EventSchemas } from '../event-schemas.ts';
import type { Owners } from '../owners.ts';
import { eventPlace } from './event-place.ts';
import { type Finding, finding } from './finding.ts';

type Form = Readonly<Record<string, unknown>>;

interface FormChange {
  readonly path: string;
  readonly what: string;
  readonly severity: 'breaking' | 'dangerous' | 'safe';
  readonly rule: string;
}

export interface EventSurroundings {
  readonly owners: Owners;
  /** Gives the text of a file; null when there is none. */
  readonly read: (file: string) => string | null;
}

/** A released event contract only ever gains optional fields: old events stay in the log, and old readers stay running. */
export function eventChanges(before: EventSchemas, after: EventSchemas, around: EventSurroundings): Finding[] {
  const { owners, read } = around;
  const found: Finding[] = [];
  for (const [type, contract] of Object.entries(before)) {
    const now = after[type];
    // Who reads it now may be another than who read it then; both have to know.
    const readers = [...new Set([...contract.readers, ...(now?.readers ?? [])])];
    const report = (change: FormChange) =>
      found.push(
        finding({
          category: 'events',
          rule: change.rule,
          severity: change.severity,
          coordinate: type,
          detail: `${change.path} ${change.what}`,
          message: `Event ${type}: ${change.path === '' ? '' : `${change.path} `}${change.what}.`,
          reason: `Sent by ${withTeam(owners, contract.sender)}, read by ${readers.map((reader) => withTeam(owners, reader)).join(', ') || 'nobody yet'}; events of the old form are still in the log and in flight.`,
          owners: owners.of('', [contract.sender, ...readers]),
          source: eventPlace(read, type, change.path),
          advice:
            change.severity === 'breaking'
              ? `Leave ${type} as it is and add the next version beside it; write both until the last reader has moved.`
              : '',
        }),
      );
    if (!now) {
      report({ path: '', what: 'was removed', severity: 'breaking', rule: 'EVENT_REMOVED' });
      continue;
    }
    for (const change of compareForms(contract.schema, now.schema, 'data')) report(change);
    if (contract.subject !== now.subject)
      report({
        path: 'subject',
        what: `is ${now.subject}, was ${contract.subject}: the order of events changes`,
        severity: 'breaking',
        rule: 'EVENT_SUBJECT_CHANGED',
      });
    if (contract.sender !== now.sender)
      report({
        path: 'sender',
        what: `is ${now.sender}, was ${contract.sender}: the source in the envelope changes`,
        severity: 'breaking',
        rule: 'EVENT_SENDER_CHANGED',
      });
  }
  for (const [type, { sender, readers }] of Object.entries(after))
    if (!before[type])
      found.push(
        finding({
          category: 'events',
          rule: 'EVENT_ADDED',
          severity: 'safe',
          coordinate: type,
          message: `Event ${type} was added.`,
          reason: `Sent by ${withTeam(owners, sender)}.`,
          owners: owners.of('', [sender, ...readers]),
          source: eventPlace(read, type, ''),
        }),
      );
  return found;
}

function withTeam(owners: Owners, party: string): string {
  const [team] = owners.of('', [party]);
  const contact = team === undefined ? undefined : owners.contact(team);
  return team === undefined ? party : `${party} (${team}${contact === undefined ? '' : ` ${contact}`})`;
}

/** Compares JSON Schemas as far as event contracts use them. What is not understood counts as breaking. */
function* compareForms(before: Form, after: Form, path: string): Generator<FormChange> {
  const breaking = (what: string, rule = 'EVENT_FIELD_CHANGED'): FormChange => ({
    path,
    what,
    severity: 'breaking',
    rule,
  });
  if (String(before.type) !== String(after.type)) {
    yield breaking(`is ${after.type ?? 'of several types'}, was ${before.type ?? 'of several types'}`);
    return;
  }
  yield* compareProperties(before, after, path);
  if (isForm(before.items) && isForm(after.items)) yield* compareForms(before.items, after.items, `${path}[]`);
  const enums = [before.enum, after.enum].map((values) => (Array.isArray(values) ? values.map(String) : null));
  if (enums[0] && enums[1]) {
    const [was, is] = [enums[0], enums[1]];
    for (const value of was)
      if (!is.includes(value)) yield breaking(`no longer takes ${value}, which events in the log hold`);
    for (const value of is)
      if (!was.includes(value))
        yield { path, what: `can now be ${value}`, severity: 'dangerous', rule: 'EVENT_VALUE_ADDED' };
  }
  const rest = (form: Form) => {
    const compared = [
      'type',
      'properties',
      'required',
      'items',
      'description',
      ...(enums[0] && enums[1] ? ['enum'] : []),
    ];
    return Object.fromEntries(Object.entries(form).filter(([name]) => !compared.includes(name)));
  };
  const [was, is] = [JSON.stringify(rest(before)), JSON.stringify(rest(after))];
  if (was !== is) yield breaking(`has other limits: ${is}, was ${was}`);
}

function* compareProperties(before: Form, after: Form, path: string): Generator<FormChange> {
  const [was, is] = [properties(before), properties(after)];
  const [needed, needs] = [required(before), required(after)];
  for (const [name, form] of Object.entries(was)) {
    const at = `${path}.${name}`;
    const now = is[name];
    if (!now) {
      yield { path: at, what: 'was removed', severity: 'breaking', rule: 'EVENT_FIELD_REMOVED' };
      continue;
    }
    yield* compareForms(form, now, at);
    if (needed.has(name) && !needs.has(name))
      yield { path: at, what: 'can now be missing', severity: 'breaking', rule: 'EVENT_FIELD_CHANGED' };
    if (!needed.has(name) && needs.has(name))
      yield {
        path: at,
        what: 'became required, and events in the log do not have it',
        severity: 'breaking',
        rule: 'EVENT_FIELD_CHANGED',
      };
  }
  for (const name of Object.keys(is))
    if (!was[name]) {
      const at = `${path}.${name}`;
      yield needs.has(name)
        ? {
            path: at,
            what: 'was added as required, and events in the log do not have it',
            severity: 'breaking',
            rule: 'EVENT_FIELD_ADDED',
          }
        : { path: at, what: 'was added', severity: 'safe', rule: 'EVENT_FIELD_ADDED' };
    }
}

const isForm = (value: unknown): value is Form => typeof value === 'object' && value !== null && !Array.isArray(value);
const properties = (form: Form): Record<string, Form> =>
  isForm(form.properties)
    ? Object.fromEntries(
        Object.entries(form.properties).flatMap(([name, value]) => (isForm(value) ? [[name, value]] : [])),
      )
    : {};
const required = (form: Form): Set<string> => new Set(Array.isArray(form.required) ? form.required.map(String) : []);
