import { expect, test } from 'vitest';
import { formatDuration } from '../ui/words';
import { punctuality } from './attendance-words';

test('less than a minute is in time, and nothing is said where nothing was planned', () => {
  expect(punctuality({ late_ms: 59_999, left_early_ms: 0, reconnects: 0 })).toEqual([]);
  expect(punctuality({ late_ms: null, left_early_ms: null, reconnects: 0 })).toEqual([]);
});

test('late, early, back', () => {
  expect(punctuality({ late_ms: 300_000, left_early_ms: 600_000, reconnects: 1 })).toEqual([`${formatDuration(300)} late`, `left ${formatDuration(600)} early`, 'came back once']);
  expect(punctuality({ late_ms: 0, left_early_ms: null, reconnects: 3 })).toEqual(['came back 3 times']);
});
