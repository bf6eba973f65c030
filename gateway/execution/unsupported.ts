/** Why an operation is executed by @apollo/gateway and not by a compiled plan. Labels of a metric: add, never rename. */
export type UnsupportedReason =
  /** `__schema` or `__type`: answered from the schema, not from subgraphs. */
  | 'introspection'
  /** A response name such as `constructor` or `__proto__`: on a plain object it finds what nobody fetched. */
  | 'response_name'
  /** A node, or a place of one, that the planner does not make today. */
  | 'plan_node'
  /** `@fromContext`. */
  | 'context'
  /** A variable called `representations`. */
  | 'variable'
  /** The writer would be too long: interfaces of many types in one another. */
  | 'size';

/** Thrown while compiling; ends in the executor of @apollo/gateway, never at a client. */
export class Unsupported extends Error {
  readonly reason: UnsupportedReason;

  constructor(reason: UnsupportedReason) {
    super(`not compiled: ${reason}`);
    this.reason = reason;
  }
}

const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * Answers are plain objects, read and written by name without asking whether the name is their own.
 * @throws Unsupported for a name that every object has
 */
export function assertOwnName(name: string): void {
  if (INHERITED.has(name)) throw new Unsupported('response_name');
}
