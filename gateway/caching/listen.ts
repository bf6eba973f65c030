import type { Tail } from '../../events/tail.ts';
import { ChangeRecord } from './change-record.ts';
import { CHANGES, changedBy } from './changes.ts';

/** Notes from now on what the events tell. @returns the record, which knows nothing of what was before */
export function listenForChanges(tail: Tail): ChangeRecord {
  const changes = new ChangeRecord();
  const listen = (): void => {
    tail.attach(
      CHANGES,
      (event) => changes.note(changedBy(event)),
      () => {
        // The log was replaced: whatever was in between was not heard.
        listen();
        changes.noteAll();
      },
    );
  };
  listen();
  return changes;
}
