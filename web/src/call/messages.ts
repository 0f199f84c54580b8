/* The call WebSocket's messages: which `t` carries which model (spec/messages.def). The fields themselves come from the
 * generated schema, so a renamed field fails the type check here and nowhere silently. */
import type { Schemas } from '../api/types';

interface InModels {
  join: 'call_join';
  publish: 'call_publish';
  sub_answer: 'call_sub_answer';
  ice: 'call_ice';
  media_restart: 'call_media_restart';
  tracks: 'call_tracks';
  mute: 'call_mute';
  hand: 'call_hand';
  say: 'call_say';
  report: 'call_report';
  consent: 'call_consent';
  leave: 'call_leave';
  mute_peer: 'call_mute_peer';
  remove: 'call_remove';
  admit: 'call_admit';
  lock: 'call_lock';
  allow: 'call_allow';
  record: 'call_record';
  end: 'call_end';
}

interface OutModels {
  joined: 'call_joined';
  waiting: 'call_waiting';
  consent_needed: 'call_consent_needed';
  grant: 'call_grant';
  answer: 'call_answer';
  sub_offer: 'call_sub_offer';
  ice: 'call_ice';
  peer: 'call_peer';
  peer_left: 'call_peer_left';
  chat: 'call_chat';
  app_message: 'call_app_message';
  room: 'call_room_changed';
  knock: 'call_knock';
  knock_gone: 'call_knock_gone';
  muted: 'call_muted';
  stop_share: 'call_stop_share';
  media_lost: 'call_media_lost';
  media_ready: 'call_media_ready';
  moved: 'call_moved';
  over: 'call_over';
  error: 'call_error';
}

/* A model without fields is generated as Record<string, never>, which would forbid `t`. */
type Fields<M> = string extends keyof M ? unknown : M;
type Message<Map> = {
  [T in keyof Map]: { t: T } & (Map[T] extends keyof Schemas ? Fields<Schemas[Map[T]]> : never);
}[keyof Map];

/** Page → roomd. */
export type InMessage = Message<InModels>;
/** roomd → page. */
export type OutMessage = Message<OutModels>;
export type OutOf<T extends OutMessage['t']> = Extract<OutMessage, { t: T }>;

export type Person = Schemas['call_person'];
export type Room = Schemas['call_room'];
export type ChatLine = Schemas['call_line'];
export type Knocker = Schemas['call_knocker'];
export type Stream = Schemas['call_stream'];
export type Kind = Schemas['track_kind'];
export type Quality = Schemas['call_quality'];
export type RecordAction = Schemas['record_action'];
