/* What the pages ask the server, as TanStack Query hooks. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, send } from './client';
import { useToken } from './token';
import type { Model, Recording, Session, SessionStatus } from './types';

export const PAGE = 20;
const BUSY_POLL_MS = 2000;

export const useInfo = () =>
  useQuery({ queryKey: ['info'], queryFn: () => call<'info_reply'>('GET', '/info'), staleTime: Infinity });

export function useMe() {
  const token = useToken();
  return useQuery({
    queryKey: ['me', token],
    queryFn: () => call<'user_reply'>('GET', '/users/me'),
    enabled: token !== null,
    staleTime: 60_000,
  });
}

export const logIn = (email: string, password: string) =>
  call<'token_reply'>('POST', '/auth/login', { form: { username: email, password, grant_type: 'password' } });

export const register = (body: Model<'user_create'>) => call<'user_reply'>('POST', '/auth/register', { body });

export const useSessions = (page: number, status: SessionStatus | null) =>
  useQuery({
    queryKey: ['sessions', page, status],
    queryFn: () => call<'session_list'>('GET', '/sessions', { query: { skip: page * PAGE, limit: PAGE, status } }),
    placeholderData: keepPreviousData,
  });

const sessionQuery = (id: string) => ({ queryKey: ['session', id], queryFn: () => call<'session_detail'>('GET', `/sessions/${id}`) });
export const useSession = (id: string) => useQuery(sessionQuery(id));

/** Whether it is theirs to run: what others may not do is not offered to them. */
export const isTheirs = (session: Pick<Session, 'teacher_id'> | undefined, me: Model<'user_reply'> | undefined): boolean =>
  me !== undefined && (me.is_superuser || session?.teacher_id === me.id);

export function useIsMine(sessionId: string | undefined): boolean {
  const { data: me } = useMe();
  const { data: session } = useQuery({ ...sessionQuery(sessionId ?? ''), enabled: sessionId !== undefined });
  return isTheirs(session, me);
}

/** Changes that make every list of sessions stale. */
export function useSessionChange<Arguments>(change: (given: Arguments) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['sessions'] }),
        client.invalidateQueries({ queryKey: ['session'] }),
      ]),
  });
}

export const createSession = (body: Model<'session_create'>) => call<'session_detail'>('POST', '/sessions', { body });
export const updateSession = (id: number, body: Model<'session_update'>) =>
  call<'session_reply'>('PATCH', `/sessions/${id}`, { body });
export const deleteSession = (id: number) => send('DELETE', `/sessions/${id}`);
export const joinSession = (id: number) => call<'join_reply'>('POST', `/sessions/${id}/join`);
export const joinByCode = (room_code: string) =>
  call<'join_by_code_reply'>('POST', '/sessions/join-by-code', { body: { room_code } });
export const joinAsGuest = (room_code: string, name: string) =>
  call<'join_by_code_reply'>('POST', '/sessions/guest-join', { body: { room_code, name } });
export const lookUp = (body: Model<'lookup_request'>) => call<'lookup_reply'>('POST', '/sessions/lookup', { body });

const isMoving = ({ copies }: Recording) => copies.some(({ status }) => status === 'waiting' || status === 'erasing');
const isBusy = (recording: Recording) => (recording.status !== 'ready' && recording.status !== 'failed') || isMoving(recording);

/** `running`: somebody else may start or stop one; the answer changes with it. */
export const useRecordings = (sessionId: string, running = false) =>
  useQuery({
    queryKey: ['recordings', sessionId, running],
    queryFn: () => call<'recording_list'>('GET', `/sessions/${sessionId}/recordings`),
    refetchInterval: ({ state }) => (state.data?.recordings.some(isBusy) ? BUSY_POLL_MS : false),
  });

/** What is left of those that were deleted. */
export const useGoneRecordings = (sessionId: string) =>
  useQuery({
    queryKey: ['recordings', sessionId, 'gone'],
    queryFn: () => call<'recording_list'>('GET', `/sessions/${sessionId}/recordings`, { query: { deleted: true } }),
    refetchInterval: ({ state }) => (state.data?.recordings.some(isMoving) ? BUSY_POLL_MS : false),
  });

export const useRecording = (id: string) =>
  useQuery({
    queryKey: ['recording', id],
    queryFn: () => call<'recording_reply'>('GET', `/recordings/${id}`),
    refetchInterval: ({ state }) => (state.data && isBusy(state.data) ? BUSY_POLL_MS : false),
  });

export function useRecordingChange<Arguments>(change: (given: Arguments) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['recordings'] }),
        client.invalidateQueries({ queryKey: ['recording'] }),
      ]),
  });
}

export const retryRecording = (id: number) => call<'recording_reply'>('POST', `/recordings/${id}/retry`);
export const keepRecording = (id: number, kept: boolean, reason: string | null) => call<'recording_reply'>('PUT', `/recordings/${id}/keep`, { body: { kept, reason } });
export const deleteRecording = (id: number) => send('DELETE', `/recordings/${id}`);

export const useAttendance = (sessionId: string) =>
  useQuery({
    queryKey: ['attendance', sessionId],
    queryFn: () => call<'attendance_reply'>('GET', `/sessions/${sessionId}/attendance`),
  });

export const attendanceCsv = async (sessionId: string) =>
  (await send('GET', `/sessions/${sessionId}/attendance`, { query: { format: 'csv' } })).blob();

/** The session whose room this is, among those that one takes part in. */
export async function findByRoomName(roomName: string) {
  for (let skip = 0; ; skip += 100) {
    const { sessions, total } = await call<'session_list'>('GET', '/sessions', { query: { skip, limit: 100 } });
    const found = sessions.find((session) => session.room_name === roomName);
    if (found || skip + sessions.length >= total || sessions.length === 0) return found ?? null;
  }
}
