/* The audit log; for administrators. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { saveAs } from '../ui/save';
import { call, send } from './client';
import type { Model } from './types';

export type AuditEntry = Model<'audit_reply'>;
export type AuditActor = Model<'audit_actor'>;
export const AUDIT_PAGE = 50;
const CSV_ROWS = 1000;

/** Whose deeds are shown, and which. Days are of this time zone, both of them whole; '' and null: all. */
export interface AuditFilter {
  user: string | null;
  actor: AuditActor | null;
  action: string;
  subject: string | null;
  subject_id: string;
  from: string;
  to: string;
}

const startOf = (day: string, more = 0): string | null => {
  if (!day) return null;
  const [year, month, date] = day.split('-').map(Number);
  return new Date(year!, month! - 1, date! + more).toISOString();
};

export const auditQuery = ({ user, actor, action, subject, subject_id, from, to }: AuditFilter) => ({
  user_id: user,
  actor,
  action: action.trim() || null,
  subject,
  subject_id: subject_id.trim() || null,
  from: startOf(from),
  to: startOf(to, 1),
});

export const useAudit = (filter: AuditFilter, page: number) =>
  useQuery({
    queryKey: ['admin', 'audit', filter, page],
    queryFn: () => call<'audit_list'>('GET', '/admin/audit', { query: { ...auditQuery(filter), skip: page * AUDIT_PAGE, limit: AUDIT_PAGE } }),
    placeholderData: keepPreviousData,
  });

/** The newest of what is shown. */
export const saveAudit = async (filter: AuditFilter) =>
  saveAs('audit.csv', await (await send('GET', '/admin/audit', { query: { ...auditQuery(filter), limit: CSV_ROWS, format: 'csv' } })).blob());
