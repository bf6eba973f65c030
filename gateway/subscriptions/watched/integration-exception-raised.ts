import { typeTopic } from '../../../events/topics.ts';
import type { WatchedField } from '../watched-field.ts';

/** New entries of the exception queue. The field is in the operations contract only, which sees every entry. */
export const integrationExceptionRaised: WatchedField = {
  name: 'integrationExceptionRaised',
  watch: () => ({
    topics: [typeTopic('integration-exception-raised.v1')],
    change: ({ type, data }) =>
      type === 'integration-exception-raised.v1'
        ? { exception: { __typename: 'IntegrationException', id: data.exceptionId } }
        : null,
    present: null,
    permit: null,
  }),
};
