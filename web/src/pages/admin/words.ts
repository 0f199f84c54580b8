/* The API's words as people say them. */
import type { Model, RoomType, SessionStatus } from '../../api/types';

export const STATUS: Record<SessionStatus, { word: string; color: string }> = {
  active: { word: 'Open now', color: 'green' },
  scheduled: { word: 'Planned', color: 'blue' },
  ended: { word: 'Ended', color: 'gray' },
  cancelled: { word: 'Cancelled', color: 'red' },
};

export const TYPES: Record<RoomType, { word: string; hint: string }> = {
  individual: { word: 'One to one', hint: 'Two people, for example a tutoring hour' },
  group: { word: 'Group', hint: 'Everybody sees and hears each other' },
  webinar: { word: 'Webinar', hint: 'Hosts and invited speakers talk, the others watch' },
  broadcast: { word: 'Broadcast', hint: 'Hosts talk, everybody else watches' },
};

export const ROLES: Record<Model<'room_role'>, { word: string; hint: string }> = {
  host: { word: 'Host', hint: 'May mute, remove, lock, record and end' },
  participant: { word: 'Participant', hint: 'May speak, show camera and screen' },
  viewer: { word: 'Viewer', hint: 'May watch and listen only' },
};

export const LINES: Record<Model<'call_quality'>, string> = { good: 'Good line', fair: 'Fair line', poor: 'Poor line' };

export const USER_ROLES: Record<Model<'user_role'>, string> = { admin: 'Administrator', teacher: 'Teacher', student: 'Student' };

export const VIDEO_CODECS: Record<Model<'video_codec'>, string> = { vp8: 'VP8', h264: 'H.264', vp9: 'VP9', av1: 'AV1' };
export const AUDIO_CODECS: Record<Model<'audio_codec'>, string> = { opus: 'Opus', red: 'Opus, sent twice (RED)' };

/** For a Select of Mantine. */
export const choices = <K extends string>(words: Record<K, string | { word: string }>) =>
  (Object.entries(words) as [K, string | { word: string }][]).map(([value, said]) => ({ value, label: typeof said === 'string' ? said : said.word }));

export const people = (count: number) => (count === 1 ? '1 person' : `${count} people`);
