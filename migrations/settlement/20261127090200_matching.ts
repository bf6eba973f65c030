import type { Knex } from 'knex';

/** What is expected of channels, what their lines were matched with, and the differences. See subgraphs/settlement/matching. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table settlement.channel_order (
      order_id text primary key,
      number text not null,
      channel_code text not null,
      channel_kind text not null,
      channel_order_id text,
      id_shape text,
      currency_code text not null,
      total_minor bigint not null,
      placed_at timestamptz not null
    );
    comment on table settlement.channel_order is 'Orders as far as settlement needs them; owned by the order subgraph and taken from its events.';
    comment on column settlement.channel_order.id_shape is 'Form of the channel''s order id, such as 9-9-9: tells an unknown id from something that is no order id.';
    create unique index channel_order_external on settlement.channel_order (channel_code, channel_order_id) where channel_order_id is not null;
    create unique index channel_order_number on settlement.channel_order (number);
    create index channel_order_shape on settlement.channel_order (channel_code, id_shape) where id_shape is not null;

    create table settlement.channel_order_line (
      order_id text not null references settlement.channel_order (order_id),
      line_id text not null,
      sku text not null,
      quantity int not null check (quantity > 0),
      primary key (order_id, line_id)
    );

    create table settlement.document_line (
      document_id text not null references settlement.document (id),
      position int not null,
      line_id text not null,
      sku text not null,
      quantity int not null check (quantity > 0),
      net_minor bigint not null check (net_minor >= 0),
      tax_minor bigint not null check (tax_minor >= 0),
      primary key (document_id, position)
    );
    comment on table settlement.document_line is 'Lines of our invoices (one per shipment) and credit memos (one per return): what a channel is expected to settle.';
    create index document_channel on settlement.document (channel_code, issued_at);

    create table settlement.match_due (
      id bigint generated always as identity primary key,
      channel_code text not null,
      order_key text,
      statement_id text,
      block bigint,
      constraint match_due_of_one check ((order_key is null) = (statement_id is not null and block is not null))
    );
    comment on table settlement.match_due is 'What has to be looked at again, because a line, an order, a document or a decision came. A row goes with the transaction that looked.';
    comment on column settlement.match_due.order_key is 'The channel''s order id as a line or an order has it.';
    comment on column settlement.match_due.block is 'Thousand lines of a statement that name no order.';
    create index match_due_channel on settlement.match_due (channel_code, order_key);

    create table settlement.line_match (
      statement_id text not null,
      line_number bigint not null,
      state text not null check (state in ('MATCHED', 'EXCEPTION')),
      rule text not null,
      target text not null check (target in ('ORDER', 'SHIPMENT', 'RETURN', 'FEE_RULE', 'PAYOUT', 'NONE')),
      target_id text,
      order_id text,
      exception_id text,
      primary key (statement_id, line_number),
      foreign key (statement_id, line_number) references settlement.statement_line (statement_id, line_number)
    );
    comment on table settlement.line_match is 'What became of each line. A line without a row was not looked at yet.';
    comment on column settlement.line_match.rule is 'The rule that decided, from the surest on (matching/rules.ts).';
    create index line_match_order on settlement.line_match (order_id) where order_id is not null;
    create index line_match_exception on settlement.line_match (exception_id) where exception_id is not null;

    create table settlement.difference (
      id text primary key,
      channel_code text not null,
      group_key text not null,
      reason text not null,
      state text not null check (state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED', 'RESOLVED', 'WRITTEN_OFF')),
      account text not null,
      expected_minor bigint,
      actual_minor bigint,
      difference_minor bigint not null,
      currency_code text not null,
      expected_currency_code text,
      order_id text,
      channel_order_id text,
      sku text,
      statement_id text,
      explanation text not null,
      opened_at timestamptz not null default clock_timestamp(),
      closed_at timestamptz
    );
    comment on table settlement.difference is 'Differences between what was expected and what a channel settled: the reconciliation exceptions of the graph.';
    comment on column settlement.difference.account is 'Where the amount stands in the ledger until it is decided about.';
    comment on column settlement.difference.difference_minor is 'Actual less expected, in currency_code.';
    create index difference_listed on settlement.difference (state, opened_at, id);
    create index difference_group on settlement.difference (channel_code, group_key);
    create index difference_statement on settlement.difference (statement_id) where statement_id is not null;
    create index difference_order on settlement.difference (order_id) where order_id is not null;

    create table settlement.decision (
      id text primary key,
      exception_id text not null,
      resolution text not null check (resolution in ('ACCEPT_ACTUAL', 'WRITE_OFF', 'MATCH_TO_ORDER', 'RAISE_DISPUTE', 'REOPEN')),
      order_id text,
      note text not null,
      actor text not null,
      amount_minor bigint not null,
      currency_code text not null,
      state text not null check (state in ('PROPOSED', 'TAKEN', 'UNDONE')),
      approved_by text,
      entry_id text references settlement.ledger_entry (id),
      made_at timestamptz not null default clock_timestamp(),
      settled_at timestamptz,
      constraint decision_two_people check (approved_by is null or approved_by <> actor)
    );
    comment on table settlement.decision is 'What people decided about differences: one row each, with its reason and its posting. PROPOSED waits for a second person.';
    create index decision_exception on settlement.decision (exception_id, made_at);
    create unique index decision_pending on settlement.decision (exception_id) where state = 'PROPOSED';

    create table settlement.manual_match (
      statement_id text not null,
      line_number bigint not null,
      order_id text not null,
      decision_id text not null references settlement.decision (id),
      primary key (statement_id, line_number)
    );
    create index manual_match_order on settlement.manual_match (order_id);

    create table settlement.posted_group (
      statement_id text not null,
      group_key text not null,
      content_hash bytea not null,
      generation int not null,
      entry_id text references settlement.ledger_entry (id),
      primary key (statement_id, group_key)
    );
    comment on table settlement.posted_group is 'The entry that stands for the lines of one order in one statement. When they are seen differently, it is reversed and posted anew.';

    create table settlement.order_settlement (
      order_id text primary key,
      status text not null check (status in ('NOT_APPLICABLE', 'AWAITING_SETTLEMENT', 'PARTIALLY_SETTLED', 'SETTLED', 'IN_DISPUTE')),
      currency_code text not null,
      expected_minor bigint not null,
      settled_minor bigint not null,
      fees_minor bigint not null,
      due_at timestamptz
    );
    comment on column settlement.order_settlement.due_at is 'When the channel should have settled all of it. Null when nothing is outstanding.';
    create index order_settlement_due on settlement.order_settlement (due_at) where due_at is not null;
  `);
}
