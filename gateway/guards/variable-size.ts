/** How large the values of a request are. */
export interface VariableSize {
  /** About the bytes of their JSON; counting stops beyond the most that is asked about. */
  readonly bytes: number;
  readonly depth: number;
  readonly longestList: number;
}

/** Levels that are looked into. No input type of ours is deeper, and a recursion must end somewhere. */
export const MAX_VARIABLE_DEPTH = 20;

/**
 * Measures without writing JSON: values can be a megabyte of opening brackets, on which a stack overflows.
 * @param enough bytes after which the measuring may stop
 */
export function variableSize(variables: unknown, enough: number): VariableSize {
  const size = { bytes: 0, depth: 0, longestList: 0 };
  const measure = (value: unknown, level: number): void => {
    size.depth = Math.max(size.depth, level);
    if (level > MAX_VARIABLE_DEPTH || size.bytes > enough) return;
    if (typeof value === 'string') size.bytes += utf8Bytes(value) + 2;
    else if (typeof value !== 'object' || value === null) size.bytes += 5;
    else if (Array.isArray(value)) {
      size.longestList = Math.max(size.longestList, value.length);
      for (const item of value) measure(item, level + 1);
    } else {
      for (const [name, item] of Object.entries(value)) {
        size.bytes += utf8Bytes(name) + 4;
        measure(item, level + 1);
      }
    }
  };
  measure(variables, 0);
  return size;
}

function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}
