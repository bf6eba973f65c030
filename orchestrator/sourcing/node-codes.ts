/** Rules, as far as they name nodes. A code that could not be made out is empty. */
interface NamedNodes {
  readonly nodes: Readonly<Record<string, { readonly planned?: boolean | undefined }>>;
  readonly rules: readonly {
    readonly name: string;
    readonly nodes: readonly string[];
    readonly without: readonly string[];
    readonly only?: readonly string[] | undefined;
  }[];
}

/**
 * Pure: which places of the rules name a node that does not exist, for the person who wrote them. A node that is to be
 * connected later is said to be `planned` under `nodes`, and may be named.
 * @param known codes of the nodes that exist
 */
export function unknownNodes({ nodes, rules }: NamedNodes, known: readonly string[]): string[] {
  const planned = Object.entries(nodes).flatMap(([code, policy]) => (policy.planned ? [code] : []));
  const allowed = new Set([...known, ...planned]);
  const named = [
    ...Object.keys(nodes).map((code) => ({ code, place: `nodes.${code}` })),
    ...rules.flatMap((rule, index) =>
      (['nodes', 'only', 'without'] as const).flatMap((list) =>
        (rule[list] ?? []).map((code, at) => ({ code, place: `rules.${index}.${list}.${at} (rule "${rule.name}")` })),
      ),
    ),
  ];
  return named.flatMap(({ code, place }) =>
    code === '' || allowed.has(code) ? [] : [`${place}: there is no node ${code}`],
  );
}

/** What to do about them, in one sentence. */
export function adviceOnNodes(known: readonly string[]): string {
  return `Known nodes: ${known.join(', ')}. Enter one that is to be connected later under nodes with planned: true.`;
}
