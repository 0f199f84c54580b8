import { describe, expect, it } from 'vitest';
import { copyWords, goneWords, isStuck, keepingWords, sinkName } from './recording-words';

describe('a recording in words', () => {
  it('says until when it is there', () => {
    expect(keepingWords({ kept: false, kept_reason: null, deletes_at: null })).toBeNull();
    expect(keepingWords({ kept: false, kept_reason: null, deletes_at: '2030-03-03T12:00:00Z' })).toMatch(/^Deleted on .*2030.* unless an administrator keeps it\.$/);
    expect(keepingWords({ kept: true, kept_reason: 'claim 4711', deletes_at: null })).toMatch(/^Kept \(claim 4711\)/);
    expect(keepingWords({ kept: true, kept_reason: null, deletes_at: null })).toMatch(/^Kept:/);
  });
  it('says why it is gone', () => {
    expect(goneWords({ deleted_at: '2030-03-03T12:00:00Z', deleted_by: 7, deleted_reason: 'by hand' })).toMatch(/2030.* by hand\.$/);
    expect(goneWords({ deleted_at: '2030-03-03T12:00:00Z', deleted_by: null, deleted_reason: 'older than 30 days (RETENTION_DAYS)' })).toMatch(/2030.*: older than 30 days/);
  });
  it('says how a copy stands, and offers to try again what is stuck', () => {
    expect(copyWords({ status: 'stored', error: null }).word).toBe('Stored');
    expect(copyWords({ status: 'waiting', error: null }).word).toBe('On its way');
    expect(copyWords({ status: 'waiting', error: 'answered 403' }).color).toBe('yellow');
    expect(copyWords({ status: 'failed', error: 'answered 403' }).color).toBe('red');
    expect(copyWords({ status: 'erasing', error: 'answered 403' }).word).toBe('Not deleted yet');
    expect([isStuck({ status: 'stored', error: null }), isStuck({ status: 'waiting', error: null }), isStuck({ status: 'waiting', error: 'x' }), isStuck({ status: 'failed', error: 'x' })]).toEqual([false, false, true, true]);
    expect([sinkName('s3'), sinkName('elsewhere')]).toEqual(['S3 storage', 'elsewhere']);
  });
});
