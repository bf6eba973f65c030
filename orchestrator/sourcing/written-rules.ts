/**
 * A file of sourcing rules as far as it can be made out: one mistake in it does not hide the others. What cannot be made
 * out is an empty text or missing here; the schema says what is wrong with it.
 */
interface WrittenRules {
  readonly zones: readonly string[];
  readonly nodes: Readonly<Record<string, { readonly planned: boolean; readonly zones: readonly string[] }>>;
  readonly plannedChannels: readonly string[];
  readonly rules: readonly WrittenRule[];
}

interface WrittenRule {
  readonly name: string;
  /** It says which orders it is for. */
  readonly isBound: boolean;
  readonly channels: readonly string[];
  readonly prefer: readonly string[];
  readonly nodes: readonly string[];
  readonly without: readonly string[];
  readonly only?: readonly string[] | undefined;
  readonly otherwise: unknown;
  readonly fill: unknown;
}

/** Pure: what of the content of a file can be made out as rules. */
export function writtenRules(content: unknown): WrittenRules {
  const { zones, nodes, plannedChannels, rules } = fieldsOf(content);
  return {
    zones: Object.keys(fieldsOf(zones)).map((name) => name.trim()),
    nodes: Object.fromEntries(
      Object.entries(fieldsOf(nodes)).map(([code, policy]) => {
        const { planned, cost } = fieldsOf(policy);
        return [code.trim(), { planned: planned === true, zones: Object.keys(fieldsOf(fieldsOf(cost).to)) }];
      }),
    ),
    plannedChannels: textsOf(plannedChannels),
    rules: itemsOf(rules).map((rule) => {
      const { name, channels, serviceLevels, countries, prefer, nodes: order, without, only, otherwise, fill } = fieldsOf(rule); // biome-ignore format: one thought
      return {
        name: textOf(name),
        isBound: (channels ?? serviceLevels ?? countries) !== undefined,
        channels: textsOf(channels),
        prefer: textsOf(prefer),
        nodes: textsOf(order),
        without: textsOf(without),
        only: only === undefined ? undefined : textsOf(only),
        otherwise,
        fill,
      };
    }),
  };
}

/** Pure: what the parts of a file say against each other, with the place of each. */
export function contradictions({ zones, nodes, rules }: WrittenRules): string[] {
  const found: string[] = [];
  for (const [code, policy] of Object.entries(nodes))
    for (const zone of policy.zones)
      if (!zones.includes(zone.trim())) found.push(`nodes.${code}.cost.to.${zone}: there is no such zone`);
  const names = new Set<string>();
  for (const [index, { name, only = [], without, prefer, otherwise, fill, nodes: order }] of rules.entries()) {
    const complain = (field: string, message: string) => found.push(`rules.${index}.${field}: ${message}`);
    if (name !== '' && names.has(name)) complain('name', `a second rule "${name}"`);
    names.add(name);
    if (only.length > 0 && only.every((one) => without.includes(one))) complain('only', 'no node is left');
    if (otherwise === 'wait' && fill !== undefined && fill !== 'FillAll')
      complain('fill', 'an order that waits until one node has all of it is not cancelled: use FillAll');
    if (prefer.includes('preferred-nodes') && order.length === 0)
      complain('nodes', 'preferred-nodes needs the nodes in their order');
  }
  if (rules.at(-1)?.isBound)
    found.push(
      `rules.${rules.length - 1}: the last rule is for all orders: leave channels, serviceLevels, countries out`,
    );
  return found;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');
const textsOf = (value: unknown): readonly string[] => itemsOf(value).map(textOf);
