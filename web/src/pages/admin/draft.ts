/* What the forms for templates and rooms hold, and what of it is sent. */
import type { Model, Room, RoomType, Template } from '../../api/types';

export type Settings = Pick<
  Template,
  | 'max_participants' | 'empty_timeout' | 'departure_timeout' | 'video_codec' | 'audio_codec' | 'recording_enabled'
  | 'sip_enabled' | 'enable_chat' | 'enable_screenshare' | 'waiting_room' | 'allow_guests'
>;

export interface TemplateDraft extends Settings {
  name: string;
  description: string;
  room_type: RoomType;
  is_default: boolean;
}

export interface RoomDraft extends Settings {
  name: string;
  description: string;
  room_type: RoomType;
}

const SEATS: Record<RoomType, number> = { individual: 2, group: 50, webinar: 100, broadcast: 100 };

const standard = (type: RoomType): Settings => ({
  max_participants: SEATS[type],
  empty_timeout: 900,
  departure_timeout: 300,
  video_codec: 'vp8',
  audio_codec: 'opus',
  recording_enabled: false,
  sip_enabled: false,
  enable_chat: true,
  enable_screenshare: true,
  waiting_room: false,
  allow_guests: true,
});

const settingsOf = (from: Settings): Settings =>
  Object.fromEntries(Object.keys(standard('group')).map((key) => [key, from[key as keyof Settings]])) as unknown as Settings;

/** What a new template of that type begins with: the one in use for it, where there is one. */
export function settingsFor(type: RoomType, templates: Template[]): Settings {
  const used = templates.find((template) => template.room_type === type && template.is_default);
  return used ? settingsOf(used) : standard(type);
}

export const templateDraft = (template: Template | null, templates: Template[]): TemplateDraft => ({
  ...(template ? settingsOf(template) : settingsFor('group', templates)),
  name: template?.name ?? '',
  description: template?.description ?? '',
  room_type: template?.room_type ?? 'group',
  is_default: template?.is_default ?? false,
});

export const roomDraft = (room: Room): RoomDraft => ({
  ...settingsOf(room),
  name: room.name,
  description: room.description ?? '',
  room_type: room.room_type,
});

/** An empty description is none. */
export function bodyOf<D extends { name: string; description: string }>(draft: D): Omit<D, 'description'> & { description: string | null } {
  return { ...draft, name: draft.name.trim(), description: draft.description.trim() || null };
}

/** Only what is different: what somebody else changed meanwhile stays. */
export function changes<T extends object>(before: T, after: T): Partial<T> {
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => before[key as keyof T] !== value)) as Partial<T>;
}

/* Times to wait are seconds for the API, minutes for people. */
export const toMinutes = (seconds: number) => Math.round((seconds / 60) * 100) / 100;
export const toSeconds = (minutes: number) => Math.min(86400, Math.max(1, Math.round(minutes * 60)));

export type NewRoom = { name: string; room_type: RoomType; template: string; scheduled_start: string; duration_minutes: number };

export const roomBody = (draft: NewRoom, start: string | null): Model<'room_create'> => ({
  name: draft.name.trim(),
  room_type: draft.room_type,
  template: draft.template ? Number(draft.template) : undefined,
  scheduled_start: start,
  duration_minutes: draft.duration_minutes,
});
