/* What providers have told, in words. */
import type { Told, ToldState } from '../../api/inbox';

export const TOLD_WORDS: Record<ToldState, { word: string; color: string }> = {
  received: { word: 'About to be looked at', color: 'blue' },
  processed: { word: 'Taken in', color: 'green' },
  waiting: { word: 'Waits for its provider', color: 'yellow' },
  unverified: { word: 'Not signed', color: 'gray' },
  failed: { word: 'Set aside', color: 'red' },
};

const PROVIDERS: Record<string, string> = { daily: 'Daily.co', livekit: 'LiveKit' };

export const providerName = (provider: string): string => PROVIDERS[provider] ?? provider;

/** What is not signed is never looked at; what is about to be needs no asking. */
export const canReplay = ({ state }: Pick<Told, 'state'>): boolean => state === 'failed' || state === 'processed' || state === 'waiting';

export const titleOf = ({ event_type, id }: Pick<Told, 'event_type' | 'id'>): string => `${event_type ?? 'no type'} (${id})`;
