import { describe, expect, it } from '@jest/globals';
import { MAX_MERGED, mergeProblem } from './merge.ts';
import { availableTransitions, type FulfillmentOrder } from './model.ts';
import { FULFILLMENT_TRANSITIONS, REQUEST_TRANSITIONS } from './states.ts';

const work = (more: Partial<FulfillmentOrder> = {}): FulfillmentOrder => ({
  id: 'ful_2',
  orderId: 'ord_1',
  channelCode: 'WEB',
  customerId: null,
  locationId: 'EAST',
  status: 'OPEN',
  requestStatus: 'UNSUBMITTED',
  deliveryMethod: 'SHIPPING',
  serviceLevel: null,
  shipBy: null,
  nodeReference: null,
  fulfilAt: null,
  revision: 1,
  traceId: '0'.repeat(32),
  ...more,
});
const target = work({ id: 'ful_1' });

describe('work can take the units of other work', () => {
  it('of the same order, node, delivery and state that no node has', () => {
    expect(mergeProblem(target, ['ful_2'], [work()])).toBeNull();
    const held = { status: 'ON_HOLD' } as const;
    expect(mergeProblem({ ...target, ...held }, ['ful_2'], [work(held)])).toBeNull();
  });

  it.each([
    ['of another order', { orderId: 'ord_2' }, 'DIFFERENT_ORDER'],
    ['at another node', { locationId: 'WEST' }, 'DIFFERENT_LOCATION'],
    ['that is collected', { deliveryMethod: 'PICK_UP' }, 'DIFFERENT_DELIVERY'],
    ['that is faster', { serviceLevel: 'EXPRESS' }, 'DIFFERENT_DELIVERY'],
    ['that is held', { status: 'ON_HOLD' }, 'ILLEGAL_TRANSITION'],
    ['that waits for its time', { status: 'SCHEDULED' }, 'ILLEGAL_TRANSITION'],
    ['that its node has', { requestStatus: 'SUBMITTED' }, 'ILLEGAL_TRANSITION'],
  ] as const)('but not of work %s', (_, more, code) => {
    expect(mergeProblem(target, ['ful_3', 'ful_2'], [work({ id: 'ful_3' }), work(more)])).toMatchObject({
      code,
      field: ['input', 'fulfillmentOrderIds', '1'],
    });
  });

  it('only of work that the caller may see', () => {
    expect(mergeProblem(target, ['ful_2'], [])).toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    ['none', []],
    ['its own', ['ful_1']],
    ['one twice', ['ful_2', 'ful_2']],
    ['too many', Array.from({ length: MAX_MERGED + 1 }, (_, index) => `ful_x${index}`)],
  ])('and not of %s', (_, asked) => {
    const others = asked.map((id) => work({ id }));
    expect(mergeProblem(target, asked, others)).toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('in no state but the two in which its units are nowhere yet', () => {
    const offered = Object.keys(FULFILLMENT_TRANSITIONS).flatMap((status) =>
      Object.keys(REQUEST_TRANSITIONS).flatMap((requestStatus) => {
        const at = { status, requestStatus } as Pick<FulfillmentOrder, 'status' | 'requestStatus'>;
        return availableTransitions(work(at)).includes('MERGE') ? [`${status}/${requestStatus}`] : [];
      }),
    );
    expect(offered).toEqual(['OPEN/UNSUBMITTED', 'ON_HOLD/UNSUBMITTED']);
  });
});
