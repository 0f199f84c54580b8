/* Links that let one person in: how they stand, and what is asked for when one is made. */
import type { Model, RoomToken } from '../../api/types';

export type Standing = 'good' | 'revoked' | 'expired' | 'used';

export function standingOf(token: RoomToken, now = Date.now()): Standing {
  if (token.revoked_at) return 'revoked';
  if (new Date(token.expires_at).getTime() <= now) return 'expired';
  return token.is_active ? 'good' : 'used';
}

export const LASTS = [
  { value: '3600', label: '1 hour' },
  { value: '14400', label: '4 hours' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '1 week' },
];

export interface TokenDraft {
  name: string;
  role: Model<'room_role'>;
  ttl: string;
  once: boolean;
}

/** A name of its own for each link, so that two people called Ben have a seat each. */
export function tokenBody(draft: TokenDraft, random = crypto.getRandomValues(new Uint32Array(2))): Model<'token_create'> {
  return {
    name: draft.name.trim(),
    identity: `link-${[...random].map((part) => part.toString(36)).join('')}`,
    role: draft.role,
    ttl: Number(draft.ttl),
    max_uses: draft.once ? 1 : undefined,
  };
}
