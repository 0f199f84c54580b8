/* Webhooks in words. */
import type { Delivery, Webhook } from '../../api/webhooks';
import type { Model } from '../../api/types';
import { formatDateTime } from '../../ui/words';

export interface WebhookDraft {
  url: string;
  description: string;
  event_types: string[];
}

export const webhookBody = ({ url, description, event_types }: WebhookDraft): Model<'webhook_create'> => ({
  url: url.trim(),
  description: description.trim() || null,
  event_types: event_types.length ? event_types : null,
  retry: 'patient',
});

export const EVENT_WORDS = ['session.*', 'session.started', 'session.ended', 'participant.*', 'participant.joined', 'participant.left', 'recording.*', 'recording.ready', 'recording.failed', 'booking.*', 'webhook.*'];

export const STATE_WORDS: Record<Webhook['state'], { word: string; color: string }> = {
  active: { word: 'Active', color: 'green' },
  paused: { word: 'Paused', color: 'yellow' },
  disabled: { word: 'Disabled', color: 'red' },
};

export const DELIVERY_WORDS: Record<Delivery['state'], { word: string; color: string }> = {
  delivered: { word: 'Delivered', color: 'green' },
  waiting: { word: 'Waiting', color: 'yellow' },
  failed: { word: 'Given up', color: 'red' },
};

/** What is the matter, if something is. */
export function trouble({ state, reason, failed_count, failing_since, held_until }: Webhook, now: number): string | null {
  if (state !== 'active') return reason ?? null;
  if (!failed_count || !failing_since) return null;
  const held = held_until && Date.parse(held_until) > now ? `; left alone until ${formatDateTime(held_until)}` : '';
  return `${failed_count === 1 ? 'The last attempt' : `The last ${failed_count} attempts`} failed, since ${formatDateTime(failing_since)}${held}`;
}

export const outcome = ({ status, error, duration_ms, attempts }: Delivery): string =>
  [error ?? (status != null && `HTTP ${status}`), duration_ms != null && `${duration_ms} ms`, attempts > 1 && `${attempts} attempts`].filter(Boolean).join(' · ');
