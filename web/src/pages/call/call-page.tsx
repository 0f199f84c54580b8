/* /room/NAME?t=TOKEN: finds the token, then prejoin, then the call, then how it ended. */
import { Button, Center, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link, Navigate, useParams, useSearchParams } from 'react-router-dom';
import { findByRoomName, joinSession, lookUp } from '../../api/queries';
import { useToken } from '../../api/token';
import { CallEngine } from '../../call/engine';
import { callUrl } from '../../call/env';
import { LocalMedia } from '../../call/local-media';
import { loadPreferences } from '../../call/preferences';
import { Problem, usePageTitle, Waiting } from '../../ui/parts';
import { roomPath, type JoinState } from '../join';
import './call.css';
import { CallRoom } from './call-room';
import { OverScreen } from './over-screen';
import { Prejoin } from './prejoin';
import { expose } from './test-access';
import { useStore } from './use-store';
import { WaitingRoom } from './waiting-room';

export default function CallPage() {
  const token = useSearchParams()[0].get('t');
  const [attempt, setAttempt] = useState(0);
  if (!token) return <FindToken />;
  return <Call key={`${token}${attempt}`} token={token} again={() => setAttempt(attempt + 1)} />;
}

/** A link without a token: who is signed in gets one, others come in by the code. */
function FindToken() {
  const { roomName = '' } = useParams();
  const signedIn = useToken() !== null;
  const found = useQuery({
    queryKey: ['room', roomName],
    enabled: signedIn,
    retry: false,
    queryFn: async () => {
      const session = await findByRoomName(roomName);
      return session && roomPath(await joinSession(session.id));
    },
  });
  if (!signedIn) return <Navigate to="/join" state={{ why: 'signed-out' } satisfies JoinState} replace />;
  if (found.data) return <Navigate to={found.data} replace />;
  if (found.error) return <Refused error={found.error} />;
  return found.data === null ? <Navigate to="/join" state={{ why: 'no-seat' } satisfies JoinState} replace /> : <Waiting what="Looking for the session" />;
}

function Refused({ error }: { error: unknown }) {
  return (
    <Center mih="80vh" p="md" component="main">
      <Stack maw={420}>
        <h1 className="sr-only">Session</h1>
        <Problem title="This session cannot be joined" error={error} />
        <Button component={Link} to="/join" variant="default">
          Join by code
        </Button>
      </Stack>
    </Center>
  );
}

function makeCall(raw: boolean) {
  const preferences = loadPreferences();
  const local = new LocalMedia(raw ? { ...preferences, originalSound: true } : preferences);
  return { local, engine: new CallEngine(callUrl(window.location), local) };
}

/** One call for as long as the component is mounted; its key is the token. */
function useCall(raw: boolean) {
  const [parts] = useState(() => makeCall(raw));
  useEffect(() => {
    const { engine } = parts;
    const away = () => engine.leave();
    const online = () => engine.reconnect();
    window.addEventListener('pagehide', away);
    window.addEventListener('online', online);
    return () => {
      window.removeEventListener('pagehide', away);
      window.removeEventListener('online', online);
      engine.leave();
    };
  }, [parts]);
  useEffect(() => expose(parts.engine), [parts]);
  return parts;
}

function Call({ token, again }: { token: string; again(): void }) {
  const [query] = useSearchParams();
  const auto = query.get('auto') === '1';
  const { engine, local } = useCall(query.get('raw') === '1');
  const state = useStore(engine);
  const lookup = useQuery({ queryKey: ['lookup', token], queryFn: () => lookUp({ token }), retry: 1, staleTime: Infinity });
  usePageTitle(state.title || lookup.data?.title || 'Session');

  useEffect(() => {
    if (!auto || !lookup.data) return;
    void enterUnasked(engine, local, token, lookup.data.role === 'viewer');
  }, [auto, lookup.data, engine, local, token]);

  if (state.over) return <OverScreen over={state.over} lookup={lookup.data} again={again} />;
  if (state.phase === 'in') return <CallRoom engine={engine} local={local} />;
  if (lookup.error) return <Refused error={lookup.error} />;
  if (!lookup.data) return <Waiting what="Looking for the session" />;
  if (state.phase === 'idle' && !auto)
    return <Prejoin lookup={lookup.data} local={local} join={(consent) => engine.join({ token, consent })} />;
  return <WaitingRoom engine={engine} title={lookup.data.title} />;
}

/** For automatic participants (`auto=1`): everything on, everything agreed to. */
async function enterUnasked(engine: CallEngine, local: LocalMedia, token: string, viewer: boolean): Promise<void> {
  if (!viewer) await Promise.all([local.setMic(true, false), local.setCamera(true, false)]);
  engine.join({ token, consent: true });
}
