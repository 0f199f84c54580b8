/* What an API key may be used for. */
import type { Model, User } from '../../api/types';

export const SCOPES: { scope: string; label: string }[] = [
  { scope: 'sessions:read', label: 'See sessions, their people and attendance' },
  { scope: 'sessions:write', label: 'Plan and change sessions, let people in and put them out' },
  { scope: 'rooms:read', label: 'See rooms, templates and links' },
  { scope: 'rooms:write', label: 'Make and change rooms, issue and revoke links' },
  { scope: 'recordings:read', label: 'See recordings and fetch their files' },
  { scope: 'recordings:write', label: 'Start, stop and delete recordings' },
  { scope: 'users:read', label: 'See accounts' },
  { scope: 'users:admin', label: 'Make and change accounts, also their passwords: as good as everything' },
  { scope: 'keys:read', label: 'See which keys there are' },
  { scope: 'keys:admin', label: 'Make keys that may do no more than itself, revoke any' },
  { scope: 'webhooks:read', label: 'See webhook endpoints and what they were sent' },
  { scope: 'webhooks:write', label: 'Make, change and test webhook endpoints: as good as reading everything that happens' },
  { scope: 'audit:read', label: 'See the audit log: who did what, from where' },
  { scope: 'inbox:read', label: 'See what media providers have told' },
  { scope: 'inbox:write', label: 'Have what they told looked at again' },
  { scope: 'server:read', label: 'Read the measurements of the server' },
];

export interface KeyDraft {
  name: string;
  everything: boolean;
  scopes: string[];
}

export const keyBody = ({ name, everything, scopes }: KeyDraft): Model<'key_create'> => ({
  name: name.trim(),
  scope: everything ? null : SCOPES.filter(({ scope }) => scopes.includes(scope)).map(({ scope }) => scope).join(' '),
});

/** In words; what this page has no words for stays as it is. */
export function scopeWords(scope: string | null | undefined): string[] {
  if (scope == null) return ['Everything that its account may'];
  return scope.split(' ').filter(Boolean).map((word) => SCOPES.find((known) => known.scope === word)?.label ?? word);
}

/* ---- accounts */

export const nameOfUser = (user: User) => user.full_name || user.email;

/** By name or address, whatever the case. */
export function findUsers(users: User[], text: string): User[] {
  const wanted = text.trim().toLocaleLowerCase();
  return users
    .filter((user) => `${user.full_name ?? ''} ${user.email}`.toLocaleLowerCase().includes(wanted))
    .sort((a, b) => nameOfUser(a).localeCompare(nameOfUser(b)));
}
