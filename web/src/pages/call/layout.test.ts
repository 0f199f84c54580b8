import { describe, expect, it } from 'vitest';
import { judge, lossBetween } from '../../call/quality';
import { GAP, tileSize } from './layout';

describe('tileSize', () => {
  it.each(Array.from({ length: 25 }, (_, i) => i + 1))('fits %i tiles into a wide window', (count) => {
    const { width, height } = tileSize(count, 1200, 640);
    const columns = Math.floor((1200 + GAP) / (width + GAP));
    expect(Math.ceil(count / columns) * (height + GAP) - GAP).toBeLessThanOrEqual(640);
  });

  it('scrolls on a phone rather than being too small to read', () => {
    expect(tileSize(25, 344, 600).width).toBeGreaterThanOrEqual(150);
  });
});

describe('quality', () => {
  it.each([
    [0, 0, 'good'],
    [0.029, 249, 'good'],
    [0.03, 0, 'fair'],
    [0, 250, 'fair'],
    [0.1, 0, 'poor'],
    [0, 600, 'poor'],
  ])('calls %f lost at %i ms %s', (loss, rtt, word) => {
    expect(judge(loss, rtt)).toBe(word);
  });

  it('counts what was lost since the last look', () => {
    const sample = { received: 100, lost: 50, sentLoss: 0, rttMs: 0 };
    expect(lossBetween(sample, { ...sample, received: 190, lost: 60 })).toBeCloseTo(0.1);
    expect(lossBetween(sample, sample)).toBe(0);
  });
});
