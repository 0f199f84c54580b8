/* The audit log in words. */
import type { AuditActor, AuditEntry } from '../../api/audit';
import type { User } from '../../api/types';
import { nameOfUser } from './keys';

export const ACTORS: Record<AuditActor, string> = {
  user: 'People signed in',
  key: 'API keys',
  seat: 'People in calls',
  matrix: 'Matrix users',
  anybody: 'Nobody known',
  cli: 'Command line',
  provider: 'Providers of media',
  system: 'The server itself',
};

export const SUBJECTS: Record<string, string> = {
  session: 'Sessions',
  participant: 'Seats',
  recording: 'Recordings',
  file: 'Files of recordings',
  room: 'Rooms',
  template: 'Templates',
  user: 'Accounts',
  key: 'API keys',
  webhook: 'Webhooks',
};

/** v1_session_create: “session create”; what a program needs is shown beside it. */
export const actionWords = (action: string): string => action.replace(/^v1_/, '').replace(/[._]/g, ' ');

export function actorWords(entry: AuditEntry, users: User[]): string {
  const account = users.find((user) => user.id === entry.user_id);
  const whose = account ? nameOfUser(account) : entry.user_id != null ? `account ${entry.user_id}` : null;
  if (entry.actor === 'key') return `Key ${entry.key_id}${whose ? ` of ${whose}` : ''}`;
  if (entry.actor === 'cli') return `Command line${entry.name ? ` (${entry.name})` : ''}`;
  if (entry.actor === 'system') return 'The server itself';
  return whose ?? entry.name ?? (entry.participant_id != null ? `seat ${entry.participant_id}` : 'nobody known');
}

export const subjectWords = (entry: AuditEntry): string => [entry.subject?.replace(/_/g, ' '), entry.subject_id].filter(Boolean).join(' ') || '–';
