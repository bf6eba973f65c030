import type { EntityType, ServiceModel } from './edmx.ts';
import { type Entity, invalid } from './payload.ts';

export interface Tables {
  /** Entities of a type. */
  of(type: string): Entity[];
}

const OPTIONS = ['$filter', '$select', '$expand', '$orderby', '$top', '$skip', '$inlinecount', '$skiptoken', '$format', 'sap-client']; // biome-ignore format: one thought
const COMPARISON = /^(\w+) (eq|ne|gt|ge|lt|le) (?:'((?:[^']|'')*)'|(true|false))$/;

/** Answers a query of a set as a service of OData V2 does. @param pageSize entities of a page at most */
export function answerQuery(
  model: ServiceModel,
  tables: Tables,
  type: EntityType,
  url: URL,
  pageSize: number,
): { d: { results: Entity[]; __count?: string; __next?: string } } {
  const option = (name: string) => url.searchParams.get(`$${name}`);
  for (const name of url.searchParams.keys()) {
    if (!OPTIONS.includes(name)) throw invalid(`The query option '${name}' is not supported`);
  }
  const expand = option('expand')?.split(',') ?? [];
  for (const name of expand) if (!type.navigation.has(name)) throw invalid(`Navigation property '${name}' is invalid`);
  const select = option('select')?.split(',') ?? null;
  for (const path of select ?? []) requirePath(model, type, path, expand);
  const test = filterOf(type, option('filter'));
  const found = tables
    .of(type.name)
    .filter(test)
    .sort(orderOf(type, option('orderby')));
  const begin = Number(option('skiptoken') ?? option('skip') ?? 0);
  const top = Number(option('top') ?? Number.POSITIVE_INFINITY);
  const wanted = found.slice(begin, begin + Math.min(top, pageSize));
  const next = new URL(url);
  next.searchParams.set('$skiptoken', String(begin + pageSize));
  if (Number.isFinite(top)) next.searchParams.set('$top', String(top - pageSize));
  const isMore = begin + wanted.length < found.length && wanted.length < top;
  return {
    d: {
      results: wanted.map((one) => present(model, tables, type, one, expand, select, url)),
      ...(option('inlinecount') === 'allpages' ? { __count: String(found.length) } : {}),
      ...(isMore ? { __next: next.href } : {}),
    },
  };
}

/** An entity with its metadata, and what comes along. */
export function present(
  model: ServiceModel,
  tables: Tables,
  type: EntityType,
  entity: Entity,
  expand: readonly string[],
  select: readonly string[] | null,
  url: URL,
): Entity {
  const own = select?.filter((path) => !path.includes('/')) ?? [...type.properties.keys()];
  const along = [...type.navigation].filter(([name]) => select === null || own.includes(name) || expand.includes(name));
  return {
    __metadata: { uri: url.origin + url.pathname, type: type.name, ...(type.concurrency === null ? {} : { etag: etagOf(type, entity) }) },
    ...Object.fromEntries(own.filter((name) => type.properties.has(name)).map((name) => [name, entity[name]])),
    ...Object.fromEntries(
      along.map(([name, { type: inner }]) => {
        const kind = model.types.get(inner);
        if (!expand.includes(name) || !kind) return [name, { __deferred: { uri: `${url.href}/${name}` } }];
        const innerSelect = select?.filter((path) => path.startsWith(`${name}/`)).map((path) => path.slice(name.length + 1)) ?? null;
        return [name, { results: childrenOf(type, tables, entity, inner).map((one) => present(model, tables, kind, one, [], innerSelect, url)) }];
      }),
    ),
  };
} // biome-ignore format: one thought

export const etagOf = (type: EntityType, entity: Entity) =>
  `W/"datetimeoffset'${new Date(Number(/-?\d+/.exec(String(entity[type.concurrency ?? '']))?.[0])).toISOString()}'"`;

/** What belongs to an entity bears its key. */
function childrenOf(type: EntityType, tables: Tables, entity: Entity, inner: string): Entity[] {
  return tables.of(inner).filter((one) => type.key.every((name) => !(name in one) || one[name] === entity[name]));
}

function requirePath(model: ServiceModel, type: EntityType, path: string, expand: readonly string[]): void {
  const [first = '', second] = path.split('/');
  if (second === undefined) {
    if (!type.properties.has(first) && !type.navigation.has(first)) throw invalid(`Property '${first}' not found in type '${type.name}'`); // biome-ignore format: one thought
    return;
  }
  const inner = model.types.get(type.navigation.get(first)?.type ?? '');
  if (!inner || !expand.includes(first)) throw invalid(`The path '${path}' is selected and not expanded`);
  if (!inner.properties.has(second)) throw invalid(`Property '${second}' not found in type '${inner.name}'`);
}

function filterOf(type: EntityType, text: string | null): (entity: Entity) => boolean {
  const tests = (text === null ? [] : text.split(' and ')).map((part) => {
    const [, name = '', operator = '', quoted, flag] = COMPARISON.exec(part) ?? [];
    if (!type.properties.has(name)) throw invalid(`Invalid filter '${part}' for type '${type.name}'`);
    const wanted = quoted === undefined ? flag === 'true' : quoted.replaceAll("''", "'");
    return (entity: Entity) => {
      const value = entity[name];
      if (operator === 'eq') return value === wanted;
      if (operator === 'ne') return value !== wanted;
      const order = String(value) < String(wanted) ? -1 : Number(String(value) > String(wanted));
      return { gt: order > 0, ge: order >= 0, lt: order < 0, le: order <= 0 }[operator] ?? false;
    };
  });
  return (entity) => tests.every((test) => test(entity));
}

function orderOf(type: EntityType, text: string | null): (a: Entity, b: Entity) => number {
  const [name = type.key[0] ?? '', direction = 'asc'] = text?.split(' ') ?? [];
  if (!type.properties.has(name)) throw invalid(`Property '${name}' not found in type '${type.name}'`);
  return (a, b) => (String(a[name]) < String(b[name]) ? -1 : Number(String(a[name]) > String(b[name]))) * (direction === 'desc' ? -1 : 1); // biome-ignore format: one thought
}
