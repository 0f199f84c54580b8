/* What is kept of a person, their export, and forgetting them; for administrators. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ADMIN_PAGE } from './admin';
import { ApiError, call, send } from './client';
import type { Model } from './types';

export type Seat = Model<'kept_seat'>;
export type Kept = Model<'person_kept'>;
export type Erasure = Model<'erasure_reply'>;
export type Media = Model<'erasure_media'>;

/** An account by its number; or who has none, by an identity, a name, or the number of a seat (doc/privacy.md). */
export type Who = { account: number } | { guest: string };

export const GUESTS_SHOWN = 200;
const POLL_MS = 1000;

export const useGuests = (find: string) =>
  useQuery({
    queryKey: ['admin', 'guests', find],
    queryFn: () => call<'guest_list'>('GET', '/admin/guests', { query: { find, limit: GUESTS_SHOWN } }),
    enabled: find !== '',
    placeholderData: keepPreviousData,
  });

/** `stage`: of their erasure; each stage leaves less. */
export const useKept = (who: Who, stage?: Erasure['step']) =>
  useQuery({
    queryKey: ['admin', 'kept', who, stage],
    queryFn: () => ('account' in who ? call<'person_kept'>('GET', `/users/${who.account}/kept`) : call<'person_kept'>('GET', '/admin/guests/kept', { query: who })),
    placeholderData: keepPreviousData,
  });

const erasureKey = (account: number | null) => ['admin', 'erasure', account];

/** null: nobody has asked for it. */
export const useErasure = (account: number | null) =>
  useQuery({
    queryKey: erasureKey(account),
    queryFn: () =>
      call<'erasure_reply'>('GET', `/users/${account}/erasure`).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }),
    enabled: account !== null,
    refetchInterval: ({ state }) => (state.data && state.data.status !== 'done' ? POLL_MS : false),
  });

export const useErasures = (page: number) =>
  useQuery({
    queryKey: ['admin', 'erasures', page],
    queryFn: () => call<'erasure_list'>('GET', '/admin/erasures', { query: { skip: page * ADMIN_PAGE, limit: ADMIN_PAGE } }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.erasures.some(({ status }) => status !== 'done') ? POLL_MS : false),
  });

export const fetchExport = async (who: Who): Promise<Blob> =>
  (await ('account' in who ? send('GET', `/users/${who.account}/export`) : send('GET', '/admin/guests/export', { query: who }))).blob();

export const eraseAccount = (account: number, body: Model<'erase_request'>) => call<'erasure_reply'>('POST', `/users/${account}/erase`, { body });
export const eraseGuest = (body: Model<'guest_erase'>) => call<'erasure_reply'>('POST', '/admin/guests/erase', { body });

/** What was known of them is asked for again by the page that comes next, not by this one: as a guest they are not found any more. */
export function useErase(erase: () => Promise<Erasure>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: erase,
    onSuccess: (erasure) => {
      client.setQueryData(erasureKey(erasure.user_id), erasure);
      return client.invalidateQueries({ queryKey: ['admin'], refetchType: 'none' });
    },
    onError: () => client.invalidateQueries({ queryKey: ['admin', 'kept'] }),
  });
}
