import type { Knex } from 'knex';
import type { Bell } from '../../kit/bell.ts';
import { feedQuery, readFeed } from '../../kit/feed.ts';
import { unknownRecord } from '../../kit/refusal.ts';
import { type Route, route } from '../../kit/route.ts';
import { billingRequest, paymentRequest } from '../wire.ts';
import { readAccountingChanges } from './accounting.ts';
import { createBilling } from './billing.ts';
import { findBilling, readBillingChanges } from './billing-documents.ts';
import { newestChange } from './feed-head.ts';
import { findCustomerAccount, takePayment } from './payments.ts';

/** Billing documents, the books, payments, customer accounts. @param postingDelayMillis from a billing document to its posting */
export function financeRoutes(knex: Knex, bell: Bell, postingDelayMillis: number): Route[] {
  return [
    route({
      method: 'POST',
      path: '/billing-documents',
      body: billingRequest,
      async handle({ body }) {
        const { document, created } = await createBilling(knex, body, postingDelayMillis);
        bell.ring();
        return { status: created ? 201 : 200, body: document };
      },
    }),
    route({
      method: 'GET',
      path: '/billing-documents',
      query: feedQuery,
      feedList: 'billingDocuments',
      async handle({ query, signal }) {
        const read = () => readBillingChanges(knex, query.after, query.limit);
        const billingDocuments = await readFeed({ bell, waitSeconds: query.wait, signal, read });
        return { body: { billingDocuments, head: await newestChange(knex, 'billing_document') } };
      },
    }),
    route({
      method: 'GET',
      path: '/billing-documents/by-reference/:externalRef',
      async handle({ params }) {
        const found = await findBilling(knex, 'external_ref', params.externalRef);
        if (!found) throw unknownRecord('BILLING_DOCUMENT', params.externalRef);
        return { body: found };
      },
    }),
    route({
      method: 'GET',
      path: '/billing-documents/:billingNo',
      async handle({ params }) {
        const found = await findBilling(knex, 'billing_no', params.billingNo);
        if (!found) throw unknownRecord('BILLING_DOCUMENT', params.billingNo);
        return { body: found };
      },
    }),
    route({
      method: 'GET',
      path: '/accounting-documents',
      query: feedQuery,
      feedList: 'accountingDocuments',
      async handle({ query, signal }) {
        const read = () => readAccountingChanges(knex, query.after, query.limit);
        const accountingDocuments = await readFeed({ bell, waitSeconds: query.wait, signal, read });
        return { body: { accountingDocuments, head: await newestChange(knex, 'accounting_document') } };
      },
    }),
    route({
      method: 'POST',
      path: '/payments',
      body: paymentRequest,
      async handle({ body }) {
        const { answer, created } = await takePayment(knex, body);
        bell.ring();
        return { status: created ? 201 : 200, body: answer };
      },
    }),
    route({
      method: 'GET',
      path: '/customer-accounts/:soldTo',
      async handle({ params }) {
        const account = await findCustomerAccount(knex, params.soldTo);
        if (!account) throw unknownRecord('CUSTOMER_ACCOUNT', params.soldTo);
        return { body: account };
      },
    }),
  ];
}
