/* What becomes of a recording, in words. */
import type { Model, Recording } from '../api/types';
import { formatDate } from '../ui/words';

type Held = Pick<Recording, 'kept' | 'kept_reason' | 'deletes_at'>;
export type Copy = Model<'recording_copy_reply'>;

export function keepingWords({ kept, kept_reason, deletes_at }: Held): string | null {
  if (kept) return `Kept${kept_reason ? ` (${kept_reason})` : ''}: nobody and no rule deletes it until an administrator lets it go.`;
  return deletes_at ? `Deleted on ${formatDate(deletes_at)} unless an administrator keeps it.` : null;
}

type Gone = Pick<Recording, 'deleted_at' | 'deleted_by' | 'deleted_reason'>;

export function goneWords({ deleted_at, deleted_by, deleted_reason }: Gone): string {
  const day = deleted_at ? ` on ${formatDate(deleted_at)}` : '';
  if (deleted_by != null) return `Deleted${day} by hand.`;
  return `Deleted${day}${deleted_reason ? `: ${deleted_reason}` : ''}.`;
}

const SINKS: Record<string, string> = { s3: 'S3 storage', cloudinary: 'Cloudinary', local: 'This server' };
export const sinkName = (sink: string): string => SINKS[sink] ?? sink;

interface Standing {
  word: string;
  color: string;
}

/** A fault may be over at the next try, which comes by itself: only what is given up is a failure. */
export function copyWords({ status, error }: Pick<Copy, 'status' | 'error'>): Standing {
  switch (status) {
    case 'stored':
      return { word: 'Stored', color: 'green' };
    case 'failed':
      return { word: 'Not taken', color: 'red' };
    case 'erasing':
      return error ? { word: 'Not deleted yet', color: 'red' } : { word: 'Being deleted', color: 'yellow' };
    case 'erased':
      return { word: 'Deleted there', color: 'gray' };
    default:
      return error ? { word: 'Tried again by itself', color: 'yellow' } : { word: 'On its way', color: 'blue' };
  }
}

/** Where trying again by hand helps. */
export const isStuck = ({ status, error }: Pick<Copy, 'status' | 'error'>): boolean => status === 'failed' || (error != null && (status === 'waiting' || status === 'erasing'));
