type Path = readonly (string | number)[];

/** Places named in one answer. A denied field in a list of a thousand needs no thousand errors to be understood. */
const MAX_PATHS = 100;

/** Where an answer holds a null in the place of a denied field. @param denied response names that only denied fields have */
export function deniedPaths(data: unknown, denied: ReadonlySet<string>): Path[] {
  const found: Path[] = [];
  const look = (value: unknown, path: Path): void => {
    if (typeof value !== 'object' || value === null || found.length >= MAX_PATHS) return;
    for (const [key, item] of Object.entries(value)) {
      const at = [...path, Array.isArray(value) ? Number(key) : key];
      if (!denied.has(key)) look(item, at);
      else if (found.length < MAX_PATHS) found.push(at);
    }
  };
  look(data, []);
  return found;
}
