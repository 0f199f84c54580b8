/* The server's shapes by their names in spec/models; schema.d.ts is generated (`npm run types`), never edited. */
import type { components } from './schema';

export type Schemas = components['schemas'];
export type Model<N extends keyof Schemas> = Schemas[N];

export type User = Model<'user_reply'>;
export type Session = Model<'session_reply'>;
export type SessionDetail = Model<'session_detail'>;
export type SessionStatus = Model<'session_status'>;
export type Recording = Model<'recording_reply'>;
export type RecordingFile = Model<'recording_file_reply'>;
export type Lookup = Model<'lookup_reply'>;
export type TrackKind = Model<'track_kind'>;
export type Room = Model<'room_reply'>;
export type RoomType = Model<'room_type'>;
export type Template = Model<'template_reply'>;
export type RoomPerson = Model<'room_person'>;
export type RoomToken = Model<'token_shown'>;
export type ApiKey = Model<'key_reply'>;
