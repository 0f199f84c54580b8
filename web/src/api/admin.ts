/* What only administrators ask, as TanStack Query hooks. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RoomFilter } from '../pages/admin/filter';
import { presentOf } from '../pages/admin/present';
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
    queryFn: () => call<'room_list'>('GET', '/rooms', { query: { status, room_type: type, limit: ADMIN_PAGE, offset: page * ADMIN_PAGE } }),
    placeholderData: keepPreviousData,
    refetchInterval: LIVE_POLL_MS,
  });

export const useRoom = (id: string) =>
  useQuery({
    queryKey: ['admin', 'room', id],
    queryFn: () => call<'room_reply'>('GET', `/rooms/${id}`),
    refetchInterval: LIVE_POLL_MS,
  });

/** Who is in a room now; asked anew when their number changes. */
export const usePresent = (id: number, inside: number) =>
  useQuery({
    queryKey: ['admin', 'present', id, inside],
    queryFn: async () => presentOf((await call<'attendance_reply'>('GET', `/sessions/${id}/attendance`)).people),
    enabled: inside > 0,
    placeholderData: keepPreviousData,
    refetchInterval: LIVE_POLL_MS,
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
