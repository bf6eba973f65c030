import { parseDocument } from 'yaml';
import { earliestSunset, type PublishedVersion } from './versions.ts';

/**
 * Adds a version to the text of schema/versions.yaml, and gives its predecessor the end that it was promised.
 * @param text keeps its comments
 * @param migration what clients of the predecessor do to move on
 */
export function withNewVersion(
  text: string,
  versions: readonly PublishedVersion[],
  version: string,
  today: string,
  migration: string,
): string {
  const file = parseDocument(text);
  const former = versions.at(-1);
  if (former) {
    // Its clients get the promised months from the day on which there is something to move to.
    file.setIn(['versions', former.version, 'sunset'], earliestSunset(today));
    file.setIn(['versions', former.version, 'migration'], migration);
  }
  const entry = { published: today, sunset: null, migration: 'The newest version. There is nothing to move to yet.' };
  file.setIn(['versions', version], file.createNode(entry));
  return file.toString({ lineWidth: 120 });
}
