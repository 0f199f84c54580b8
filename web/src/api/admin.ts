/* What only administrators ask, as TanStack Query hooks. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RoomFilter } from '../pages/admin/filter';
import { newestFirst, whole } from '../pages/admin/newest';
import { call, send } from './client';
import type { Model, Room, RoomType } from './types';

export const ADMIN_PAGE = 12;
/** The most that a page of the API has: for lists that are short, and shown whole. */
const WHOLE = 100;
const LIVE_POLL_MS = 3000;

/** Changes that make what administrators see stale. */
export function useAdminChange<Arguments = void, Result = unknown>(change: (given: Arguments) => Promise<Result>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: ['admin'] }) });
}

export const useRooms = ({ status, type, page }: RoomFilter) =>
  useQuery({
    queryKey: ['admin', 'rooms', status, type, page],
    queryFn: () =>
      newestFirst(page, ADMIN_PAGE, (limit, offset) => call<'room_list'>('GET', '/rooms', { query: { status, room_type: type, limit, offset } })),
    placeholderData: keepPreviousData,
    refetchInterval: LIVE_POLL_MS,
  });

export const useRoom = (id: string) =>
  useQuery({
    queryKey: ['admin', 'room', id],
    queryFn: () => call<'room_reply'>('GET', `/rooms/${id}`),
    refetchInterval: LIVE_POLL_MS,
  });

/** Everybody who is or was in a room; asked anew when the number of those inside changes. */
export const usePeople = (id: number, inside: number, enabled = true) =>
  useQuery({
    queryKey: ['admin', 'people', id, inside],
    queryFn: () => whole(WHOLE, (limit, offset) => call<'room_person_list'>('GET', `/rooms/${id}/participants`, { query: { limit, offset } })),
    enabled,
    placeholderData: keepPreviousData,
    refetchInterval: inside > 0 ? LIVE_POLL_MS : false,
  });

export const createRoom = (body: Model<'room_create'>) => call<'room_reply'>('POST', '/rooms', { body });
export const updateRoom = (id: number, body: Model<'room_update'>) => call<'room_reply'>('PATCH', `/rooms/${id}`, { body });
export const deleteRoom = (id: number) => send('DELETE', `/rooms/${id}`);
export const setRoomStatus = (id: number, status: Room['status']) => updateRoom(id, { status });

export const useTemplates = (type: RoomType | null = null) =>
  useQuery({
    queryKey: ['admin', 'templates', type],
    queryFn: () => call<'template_list'>('GET', '/room-templates', { query: { room_type: type, limit: WHOLE } }),
  });

export const createTemplate = (body: Model<'template_create'>) => call<'template_reply'>('POST', '/room-templates', { body });
export const updateTemplate = (id: number, body: Model<'template_update'>) =>
  call<'template_reply'>('PATCH', `/room-templates/${id}`, { body });
export const deleteTemplate = (id: number) => send('DELETE', `/room-templates/${id}`);

export const useTokens = (room: number, page: number) =>
  useQuery({
    queryKey: ['admin', 'tokens', room, page],
    queryFn: () => newestFirst(page, ADMIN_PAGE, (limit, offset) => call<'token_page'>('GET', `/rooms/${room}/tokens`, { query: { limit, offset } })),
    placeholderData: keepPreviousData,
    refetchInterval: LIVE_POLL_MS,
  });

export const issueToken = (room: number, body: Model<'token_create'>) => call<'token_shown'>('POST', `/rooms/${room}/token`, { body });
export const revokeToken = (room: number, id: number) => call<'token_shown'>('POST', `/rooms/${room}/tokens/${id}/revoke`);

export const useDialIn = (room: Room) =>
  useQuery({
    queryKey: ['admin', 'dial-in', room.id, room.sip_pin],
    queryFn: () => call<'dial_in_reply'>('GET', `/rooms/${room.id}/dial-in`),
    enabled: room.sip_pin != null, // asking gives a room a PIN that had none
  });

export const useUsers = () =>
  useQuery({
    queryKey: ['admin', 'users'],
    queryFn: () =>
      whole(1000, async (limit, skip) => {
        const { users, total } = await call<'user_list'>('GET', '/users', { query: { skip, limit } });
        return { count: total, results: users };
      }),
  });

export const addUser = (body: Model<'user_add'>) => call<'user_reply'>('POST', '/users', { body });
export const changeUser = (id: number, body: Model<'user_update'>) => call<'user_reply'>('PATCH', `/users/${id}`, { body });

export const useKeys = (page: number) =>
  useQuery({
    queryKey: ['admin', 'keys', page],
    queryFn: () =>
      newestFirst(page, ADMIN_PAGE, async (limit, skip) => {
        const { keys, total } = await call<'key_list'>('GET', '/api-keys', { query: { skip, limit } });
        return { count: total, results: keys };
      }),
    placeholderData: keepPreviousData,
  });

export const createKey = (body: Model<'key_create'>) => call<'key_created'>('POST', '/api-keys', { body });
export const revokeKey = (id: number) => send('DELETE', `/api-keys/${id}`);
