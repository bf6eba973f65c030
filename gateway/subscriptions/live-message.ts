import type { FormattedExecutionResult } from 'graphql';

/** One message of a subscription. Shared by all subscribers of a group: never changed after it was made. */
export class LiveMessage {
  readonly result: FormattedExecutionResult;
  /**
   * The place in the history from which a client may resume after this message.
   * Null when it may not yet: more of the present state is to come.
   */
  readonly resumeFrom: string | null;
  #json: string | null = null;

  constructor(result: FormattedExecutionResult, resumeFrom: string | null) {
    this.result = result;
    this.resumeFrom = resumeFrom;
  }

  /** The result as JSON text, written once for however many subscribers. */
  json(): string {
    this.#json ??= JSON.stringify(this.result);
    return this.#json;
  }
}
