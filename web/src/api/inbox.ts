/* What providers have told; for administrators. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call } from './client';
import type { Model } from './types';

export type Told = Model<'inbox_reply'>;
export type ToldState = Told['state'];
const PAGE = 50;
const POLL_MS = 3000;

export const useInbox = (state: ToldState | null, before: number | null) =>
  useQuery({
    queryKey: ['admin', 'inbox', state, before],
    queryFn: () => call<'inbox_list'>('GET', '/admin/inbox', { query: { state, before, limit: PAGE } }),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });

export const useTold = (id: number, wanted: boolean) =>
  useQuery({
    queryKey: ['admin', 'told', id],
    queryFn: () => call<'inbox_detail'>('GET', `/admin/inbox/${id}`),
    enabled: wanted,
  });

export const replayTold = (id: number) => call<'inbox_reply'>('POST', `/admin/inbox/${id}/replay`);
export const replaySetAside = () => call<'inbox_replayed'>('POST', '/admin/inbox/replay', { body: { state: 'failed' } });
