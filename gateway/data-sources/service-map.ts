import type { GraphQLDataSource } from '@apollo/gateway';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import type { DataSourceFactory, SubgraphAddress } from '../load-snapshot.ts';
import { createDataSource, type DataSourceOptions } from './data-source.ts';
import { inProcessDataSource } from './in-process.ts';
import { subgraphFailure } from './subgraph-failure.ts';
import { type HttpDataSource, httpDataSource } from './undici.ts';

/** Where the subgraphs are. */
export type SubgraphPlace =
  /** In this process. A subgraph of the supergraph that is not among them is not served. */
  | { readonly kind: 'inProcess'; readonly subgraphs: readonly Subgraph[] }
  /** Behind HTTP: at the address given here by name, otherwise at the one in the supergraph. */
  | { readonly kind: 'http'; readonly urls: Readonly<Record<string, string | undefined>>; readonly secret: string };

export interface DataSources {
  readonly create: DataSourceFactory;
  /** Lets requests in flight finish, then closes the connections. */
  close(): Promise<void>;
}

/** Makes data sources, and gives a subgraph the same one again as long as its address stays: connections survive a reload. */
export function createDataSources(place: SubgraphPlace, options: Omit<DataSourceOptions, 'subgraph'>): DataSources {
  const known = new Map<string, GraphQLDataSource>();
  const opened: HttpDataSource[] = [];

  const make = ({ name, url }: SubgraphAddress): GraphQLDataSource => {
    if (place.kind === 'inProcess') {
      const subgraph = place.subgraphs.find((candidate) => candidate.name === name);
      return subgraph ? inProcessDataSource(subgraph, options) : unserved(name, options);
    }
    const address = place.urls[name] ?? url;
    // `.invalid` is reserved for names that must not resolve: the subgraph of the events has no server.
    if (!URL.canParse(address) || new URL(address).hostname.endsWith('.invalid')) return unserved(name, options);
    const source = httpDataSource({ ...options, subgraph: name, url: address, secret: place.secret });
    opened.push(source);
    return source;
  };

  return {
    create(address) {
      const key = `${address.name} ${address.url}`;
      const source = known.get(key) ?? make(address);
      known.set(key, source);
      return source;
    },
    async close() {
      await Promise.all(opened.map((source) => source.close()));
    },
  };
}

function unserved(subgraph: string, options: Omit<DataSourceOptions, 'subgraph'>): GraphQLDataSource {
  const refuse = async () => {
    throw subgraphFailure('SUBGRAPH_UNREACHABLE', { subgraph, reason: 'has no server' });
  };
  return createDataSource(refuse, { ...options, subgraph });
}
