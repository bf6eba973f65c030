import type { GraphQLSchema } from 'graphql';
import { apiSchema, type ComposedGraph, contractApi } from '../api-schema.ts';
import type { RegistryFiles } from '../files.ts';
import type { Release } from '../release.ts';
import { isExpired, type PublishedVersion, readPublishedSchema } from '../versions.ts';

/** A contract in a version that clients use, before and after the change. */
export interface LiveContract {
  /** `<name>/<version>` */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /**
   * current: the version that still grows. opened: a version that the change begins; nobody uses it yet.
   * kept: an older version, served as it was published from whatever the graph has.
   */
  readonly kind: 'current' | 'opened' | 'kept';
  readonly before: GraphQLSchema;
  readonly after: GraphQLSchema;
  /** Of a kept version: what the graph had for it before the change. What was missing then is not this change's fault. */
  readonly wasServed?: GraphQLSchema;
}

export interface LiveContracts {
  readonly contracts: readonly LiveContract[];
  /** Paths of contracts that are no longer served although their version is live. */
  readonly gone: readonly string[];
}

/**
 * Every contract and version that clients may rely on when the change goes live.
 * @param files hold the published API schemas of older versions
 * @param today a day, UTC
 */
export function liveContracts(
  files: RegistryFiles,
  versions: readonly PublishedVersion[],
  base: Release,
  next: Release,
  today: string,
): LiveContracts {
  const contracts = next.contracts.map((definition): LiveContract => {
    const { name, version, path } = definition;
    const former = base.contracts.find((contract) => contract.name === name);
    const after = apiSchema(contractApi(next.graph, definition.filter));
    const before = former ? apiSchema(contractApi(base.graph, former.filter)) : after;
    const kind = former?.version === version ? 'current' : 'opened';
    return { path, name, version, kind, before, after };
  });
  const whole = once((graph: ComposedGraph) => apiSchema(contractApi(graph, { include: null, exclude: [] })));
  const gone = base.contracts
    .filter(({ name }) => !next.contracts.some((contract) => contract.name === name))
    .map(({ path }) => path);
  const served = new Set(contracts.map(({ path }) => path));
  for (const { version } of versions.filter((entry) => !isExpired(entry, today))) {
    for (const { name } of next.contracts) {
      const path = `${name}/${version}`;
      const published = served.has(path) ? null : readPublishedSchema(files, name, version);
      if (published === null) continue;
      contracts.push({
        path,
        name,
        version,
        kind: 'kept',
        before: apiSchema(published),
        after: whole(next.graph),
        wasServed: whole(base.graph),
      });
    }
  }
  return { contracts, gone };
}

function once<Key extends object, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { value: Value }>();
  return (key) => {
    const found = known.get(key) ?? { value: compute(key) };
    known.set(key, found);
    return found.value;
  };
}
