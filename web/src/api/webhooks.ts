/* Endpoints for webhooks and what they were sent; for administrators. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { newestFirst } from '../pages/admin/newest';
import { ADMIN_PAGE } from './admin';
import { call, send } from './client';
import type { Model } from './types';

export type Webhook = Model<'webhook_reply'>;
export type Delivery = Model<'delivery_reply'>;
const POLL_MS = 3000;
const at = (id: number, rest = '') => `/webhooks/endpoints/${id}${rest}`;

export const useWebhooks = (page: number) =>
  useQuery({
    queryKey: ['admin', 'webhooks', page],
    queryFn: () =>
      newestFirst(page, ADMIN_PAGE, async (limit, skip) => {
        const { endpoints, total } = await call<'webhook_list'>('GET', '/webhooks/endpoints', { query: { skip, limit } });
        return { count: total, results: endpoints };
      }),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });

export const useDeliveries = (id: number, page: number) =>
  useQuery({
    queryKey: ['admin', 'deliveries', id, page],
    queryFn: () => call<'delivery_list'>('GET', at(id, '/deliveries'), { query: { skip: page * ADMIN_PAGE, limit: ADMIN_PAGE } }),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });

export const useDelivery = (webhook: number, id: number, wanted: boolean) =>
  useQuery({
    queryKey: ['admin', 'delivery', webhook, id],
    queryFn: () => call<'delivery_detail'>('GET', at(webhook, `/deliveries/${id}`)),
    enabled: wanted,
  });

export const createWebhook = (body: Model<'webhook_create'>) => call<'webhook_created'>('POST', '/webhooks/endpoints', { body });
export const changeWebhook = (id: number, body: Partial<Model<'webhook_update'>>) => call<'webhook_reply'>('PATCH', at(id), { body });
export const deleteWebhook = (id: number) => send('DELETE', at(id));
export const rotateWebhook = (id: number) => call<'webhook_created'>('POST', at(id, '/secret'), { body: {} });
export const testWebhook = (id: number) => call<'webhook_tested'>('POST', at(id, '/test'));
export const replayDelivery = (webhook: number, id: number) => call<'delivery_reply'>('POST', at(webhook, `/deliveries/${id}/replay`));
