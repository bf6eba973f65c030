/** Codes that rules may name. An empty list: none is known yet, and nothing is said of them. */
export interface KnownCodes {
  readonly nodes: readonly string[];
  readonly channels: readonly string[];
}

/** Rules, as far as they name nodes and channels. A code that could not be made out is empty. */
interface NamedCodes {
  readonly nodes: Readonly<Record<string, { readonly planned?: boolean | undefined }>>;
  readonly plannedChannels?: readonly string[] | undefined;
  readonly rules: readonly {
    readonly name: string;
    readonly channels?: readonly string[] | undefined;
    readonly nodes: readonly string[];
    readonly without: readonly string[];
    readonly only?: readonly string[] | undefined;
  }[];
}

/**
 * Pure: which places of the rules name a node or a channel that does not exist, for the person who wrote them. A node that
 * is to be connected later is said to be `planned` under `nodes`, a channel under `plannedChannels`, and may be named.
 */
export function unknownCodes({ nodes, plannedChannels = [], rules }: NamedCodes, known: KnownCodes): string[] {
  const planned = Object.entries(nodes).flatMap(([code, policy]) => (policy.planned ? [code] : []));
  const named = (list: 'nodes' | 'only' | 'without' | 'channels') =>
    rules.flatMap((rule, index) =>
      (rule[list] ?? []).map((code, at) => ({ code, place: `rules.${index}.${list}.${at} (rule "${rule.name}")` })),
    );
  const policies = Object.keys(nodes).map((code) => ({ code, place: `nodes.${code}` }));
  return [
    ...missing('channel', named('channels'), known.channels, plannedChannels),
    ...missing('node', [...policies, ...named('nodes'), ...named('only'), ...named('without')], known.nodes, planned),
  ];
}

function missing(
  what: string,
  named: readonly { readonly code: string; readonly place: string }[],
  known: readonly string[],
  planned: readonly string[],
): string[] {
  if (known.length === 0) return [];
  const allowed = new Set(['', ...known, ...planned]);
  return named.flatMap(({ code, place }) => (allowed.has(code) ? [] : [`${place}: there is no ${what} ${code}`]));
}

/** What to do about them, in one sentence for each kind. @param places as {@link unknownCodes} told them */
export function adviceOnCodes(places: readonly string[], known: KnownCodes): string {
  const has = (what: string) => places.some((place) => place.includes(`: there is no ${what} `));
  return [
    ...(has('channel')
      ? [`Known channels: ${known.channels.join(', ')}. Enter one that is to come under plannedChannels.`]
      : []),
    ...(has('node')
      ? [`Known nodes: ${known.nodes.join(', ')}. Enter one that is to be connected later under nodes with planned: true.`]
      : []),
  ].join(' '); // biome-ignore format: one thought
}
