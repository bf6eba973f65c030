import type { Knex } from 'knex';
import { z } from 'zod';
import type { Bell } from '../../kit/bell.ts';
import { unknownRecord } from '../../kit/refusal.ts';
import { type Route, route } from '../../kit/route.ts';
import { glAccountContent, glDocumentRequest, postingPeriodContent } from '../wire.ts';
import { putAccount } from './accounts.ts';
import { createGlDocument, findGlDocument, putPostingPeriod } from './gl-documents.ts';

const accountNo = z.string().regex(/^\d{4,10}$/);
const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

/** The general ledger for other books: their documents, the chart of accounts, the months that are open. */
export function glRoutes(knex: Knex, bell: Bell): Route[] {
  return [
    route({
      method: 'POST',
      path: '/gl-documents',
      body: glDocumentRequest,
      async handle({ body }) {
        const { document, created } = await createGlDocument(knex, body);
        bell.ring();
        return { status: created ? 201 : 200, body: document };
      },
    }),
    route({
      method: 'GET',
      path: '/gl-documents/by-reference/:externalRef',
      async handle({ params }) {
        const found = await findGlDocument(knex, params.externalRef);
        if (!found) throw unknownRecord('GL_DOCUMENT', params.externalRef);
        return { body: found };
      },
    }),
    route({
      method: 'PUT',
      path: '/gl-accounts/:account',
      body: glAccountContent,
      async handle({ params, body }) {
        const account = { account: accountNo.parse(params.account), ...body };
        await putAccount(knex, account);
        return { body: account };
      },
    }),
    route({
      method: 'PUT',
      path: '/posting-periods/:period',
      body: postingPeriodContent,
      async handle({ params, body }) {
        const period = { postingPeriod: month.parse(params.period), ...body };
        await putPostingPeriod(knex, period);
        return { body: period };
      },
    }),
  ];
}
