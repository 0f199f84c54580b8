import { describe, expect, it } from 'vitest';
import type { Delivery, Webhook } from '../../api/webhooks';
import { outcome, trouble, webhookBody } from './webhook-words';

const webhook = (over: Partial<Webhook>) => ({ state: 'active', failed_count: 0, ...over }) as Webhook;
const delivery = (over: Partial<Delivery>) => ({ attempts: 1, ...over }) as Delivery;

describe('a new endpoint', () => {
  it('is told of everything where nothing was chosen', () => {
    expect(webhookBody({ url: ' https://x.example/ ', description: ' ', event_types: [] })).toEqual({ url: 'https://x.example/', description: null, event_types: null, retry: 'patient' });
  });
});

describe('what is the matter', () => {
  it('is nothing while it takes what it is sent', () => expect(trouble(webhook({}), 0)).toBeNull());
  it('is the reason of its state', () => expect(trouble(webhook({ state: 'disabled', reason: 'it is gone' }), 0)).toBe('it is gone'));
  it('is how often it failed, and until when it is left alone', () => {
    const failing = webhook({ failed_count: 3, failing_since: '2030-01-01T10:00:00Z', held_until: '2030-01-01T11:00:00Z' });
    expect(trouble(failing, Date.parse('2030-01-01T10:30:00Z'))).toMatch(/^The last 3 attempts failed, since .*; left alone until /);
    expect(trouble(failing, Date.parse('2030-01-01T11:30:00Z'))).not.toMatch(/left alone/);
    expect(trouble(webhook({ failed_count: 1, failing_since: '2030-01-01T10:00:00Z' }), 0)).toMatch(/^The last attempt failed/);
  });
});

describe('what became of a message', () => {
  it('is the error, or the status', () => {
    expect(outcome(delivery({ status: 200, duration_ms: 12 }))).toBe('HTTP 200 · 12 ms');
    expect(outcome(delivery({ error: 'Timeout was reached', duration_ms: 15000, attempts: 3 }))).toBe('Timeout was reached · 15000 ms · 3 attempts');
    expect(outcome(delivery({ attempts: 0 }))).toBe('');
  });
});
