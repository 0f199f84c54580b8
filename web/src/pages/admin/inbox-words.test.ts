import { expect, test } from 'vitest';
import { canReplay, providerName, titleOf, TOLD_WORDS } from './inbox-words';

test('what is not signed, or about to be looked at, is not asked for again', () => {
  const states = (Object.keys(TOLD_WORDS) as (keyof typeof TOLD_WORDS)[]).filter((state) => canReplay({ state }));
  expect(states.sort()).toEqual(['failed', 'processed', 'waiting']);
});

test('names', () => {
  expect(providerName('daily')).toBe('Daily.co');
  expect(providerName('another')).toBe('another');
  expect(titleOf({ event_type: null, id: 7 })).toBe('no type (7)');
});
