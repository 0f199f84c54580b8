import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../api/audit';
import type { User } from '../../api/types';
import { actionWords, actorWords, subjectWords } from './audit-words';

const ada = { id: 1, email: 'ada@example.org', full_name: 'Ada Lovelace' } as User;
const entry = (fields: Partial<AuditEntry>) => ({ id: 1, at: '2030-01-01T10:00:00.000Z', action: 'v1_session_create', actor: 'user', ...fields }) as AuditEntry;

describe('the audit log in words', () => {
  it('names what was done', () => {
    expect(actionWords('v1_session_create')).toBe('session create');
    expect(actionWords('call.mute_peer')).toBe('call mute peer');
  });

  it('names who did it, as far as it is known', () => {
    expect(actorWords(entry({ user_id: 1 }), [ada])).toBe('Ada Lovelace');
    expect(actorWords(entry({ user_id: 2 }), [ada])).toBe('account 2');
    expect(actorWords(entry({ actor: 'key', key_id: 3, user_id: 1 }), [ada])).toBe('Key 3 of Ada Lovelace');
    expect(actorWords(entry({ actor: 'seat', participant_id: 7 }), [])).toBe('seat 7');
    expect(actorWords(entry({ actor: 'cli', name: 'root' }), [])).toBe('Command line (root)');
    expect(actorWords(entry({ actor: 'anybody' }), [])).toBe('nobody known');
  });

  it('names what it was done to', () => {
    expect(subjectWords(entry({ subject: 'service_session', subject_id: '4' }))).toBe('service session 4');
    expect(subjectWords(entry({}))).toBe('–');
  });
});
