/* Which rooms are shown, kept in the address so that going back and sharing a link work. */
import type { RoomType, SessionStatus } from '../../api/types';

export interface RoomFilter {
  status: SessionStatus | null;
  type: RoomType | null;
  page: number;
}

const STATUSES: readonly string[] = ['scheduled', 'active', 'ended', 'cancelled'] satisfies SessionStatus[];
const TYPES: readonly string[] = ['individual', 'group', 'webinar', 'broadcast'] satisfies RoomType[];

/** Without a word on it: the rooms that are open now. */
export function readFilter(params: URLSearchParams): RoomFilter {
  const status = params.get('status') ?? 'active';
  const type = params.get('type') ?? '';
  const page = Number(params.get('page') ?? '1');
  return {
    status: STATUSES.includes(status) ? (status as SessionStatus) : null,
    type: TYPES.includes(type) ? (type as RoomType) : null,
    page: Number.isInteger(page) && page > 1 ? page - 1 : 0,
  };
}

export function writeFilter({ status, type, page }: RoomFilter): Record<string, string> {
  return {
    ...(status !== 'active' && { status: status ?? 'all' }),
    ...(type && { type }),
    ...(page > 0 && { page: String(page + 1) }),
  };
}

/** Other rooms than before: from the first page on. */
export const narrow = (filter: RoomFilter, part: Partial<Omit<RoomFilter, 'page'>>): RoomFilter => ({ ...filter, ...part, page: 0 });

export const pagesOf = (count: number, size: number) => Math.max(1, Math.ceil(count / size));
