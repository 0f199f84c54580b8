/* The audit log; for administrators. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call } from './client';
import type { Model } from './types';

export type AuditEntry = Model<'audit_reply'>;
export type AuditActor = Model<'audit_actor'>;
export const AUDIT_PAGE = 50;

/** Whose deeds are shown, and which. */
export interface AuditFilter {
  actor: AuditActor | null;
  action: string;
  page: number;
}

export const useAudit = ({ actor, action, page }: AuditFilter) =>
  useQuery({
    queryKey: ['admin', 'audit', actor, action, page],
    queryFn: () => call<'audit_list'>('GET', '/admin/audit', { query: { actor, action: action || null, skip: page * AUDIT_PAGE, limit: AUDIT_PAGE } }),
    placeholderData: keepPreviousData,
  });
