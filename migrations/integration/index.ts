import type { MigrationSet } from '../../platform/db/migrate.ts';
import { idempotencyKey } from './20261123090000_idempotency_key.ts';
import { feedCursor } from './20261123090100_feed_cursor.ts';
import { eventLog } from './20261123091000_event_log.ts';
import { access } from './20261123092000_access.ts';
import { operations } from './20261123093000_operations.ts';
import { workerLease } from './20261127085900_worker_lease.ts';
import { usualScopes } from './20261127090000_usual_scopes.ts';
import { batches } from './20261127091000_batches.ts';
import { usage } from './20261127100000_usage.ts';
import { audit } from './20261127101000_audit.ts';
import { claimsByIndex } from './20261127121000_claims_by_index.ts';
import { desk } from './20261127130500_desk.ts';
import { degradation } from './20261127132000_degradation.ts';
import { deskJobs } from './20261127133000_desk_jobs.ts';
import { reconciliation } from './20261127134000_reconciliation.ts';
import * as keepAnswers from './20261127151500_keep_answers.ts';
import { askedSubject } from './20261127152000_asked_subject.ts';
import { systemPorts } from './20261127182000_system_ports.ts';
import * as setAsideEntries from './20261127184500_set_aside_entries.ts';
import { observed } from './20261128002000_observed.ts';
import { systemRoutes } from './20261128002100_system_routes.ts';
import { feedProgress } from './20261128195400_feed_progress.ts';
import { exceptionMoves } from './20261128201000_exception_moves.ts';
import { systemMoves } from './20261128213100_system_moves.ts';
import * as channelFacts from './20261129010500_channel_facts.ts';
import { wokenExceptions } from './20261129031000_woken_exceptions.ts';
import { exceptionGuard } from './20261129040100_exception_guard.ts';
import { channelQueues } from './20261129053000_channel_queues.ts';
import { systemFiles } from './20261129054000_system_files.ts';
import { feedLag } from './20261129070000_feed_lag.ts';

/** Migrations of the schema `integration`, in the order of their names. */
export const migrations: MigrationSet = {
  '20261123090000_idempotency_key': idempotencyKey,
  '20261123090100_feed_cursor': feedCursor,
  '20261123091000_event_log': eventLog,
  '20261123092000_access': access,
  '20261123093000_operations': operations,
  '20261127085900_worker_lease': workerLease,
  '20261127090000_usual_scopes': usualScopes,
  '20261127091000_batches': batches,
  '20261127100000_usage': usage,
  '20261127101000_audit': audit,
  '20261127121000_claims_by_index': claimsByIndex,
  '20261127130500_desk': desk,
  '20261127132000_degradation': degradation,
  '20261127133000_desk_jobs': deskJobs,
  '20261127134000_reconciliation': reconciliation,
  '20261127151500_keep_answers': keepAnswers,
  '20261127152000_asked_subject': askedSubject,
  '20261127182000_system_ports': systemPorts,
  '20261127184500_set_aside_entries': setAsideEntries,
  '20261128002000_observed': observed,
  '20261128002100_system_routes': systemRoutes,
  '20261128195400_feed_progress': feedProgress,
  '20261128201000_exception_moves': exceptionMoves,
  '20261128213100_system_moves': systemMoves,
  '20261129010500_channel_facts': channelFacts,
  '20261129031000_woken_exceptions': wokenExceptions,
  '20261129040100_exception_guard': exceptionGuard,
  '20261129053000_channel_queues': channelQueues,
  '20261129054000_system_files': systemFiles,
  '20261129070000_feed_lag': feedLag,
};
