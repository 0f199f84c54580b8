import { ActionIcon, Badge, Button, Menu, Text, Title, Tooltip } from '@mantine/core';
import { useState } from 'react';
import type { CallEngine } from '../../call/engine';
import type { Quality } from '../../call/messages';
import { isHost, type CallState } from '../../call/state';
import * as Icons from '../../ui/icons';
import { Confirm, Copy } from '../../ui/parts';
import { SchemeMenu } from '../../ui/shell';
import { useStore } from './use-store';

interface Props {
  engine: CallEngine;
  speakerView: boolean;
  toggleView(): void;
}

export function TopBar({ engine, speakerView, toggleView }: Props) {
  const state = useStore(engine);
  const { room } = state;
  return (
    <header className="top">
      <div className="top-row">
        <Title order={1} size="h5" className="top-title" title={state.title}>
          {state.title}
        </Title>
        <RecordingSign recording={room?.recording} />
        {room?.locked && (
          <Tooltip label="The session is locked">
            <Icons.LockIcon size={18} aria-label="The session is locked" data-testid="locked" />
          </Tooltip>
        )}
        <span className="top-space" />
        {isHost(state) && <RecordMenu engine={engine} recording={room?.recording} />}
        {isHost(state) && room?.room_code && <RoomCode code={room.room_code} className="top-code wide-only" />}
        <QualitySign quality={state.quality} />
        <Tooltip label={speakerView ? 'Everybody alike' : 'Speaker in front'}>
          <ActionIcon
            className="wide-only"
            variant="subtle"
            color="gray"
            size="lg"
            onClick={toggleView}
            aria-label={speakerView ? 'Everybody alike' : 'Speaker in front'}
            data-testid="view"
          >
            {speakerView ? <Icons.GridIcon size={18} /> : <Icons.SpeakerViewIcon size={18} />}
          </ActionIcon>
        </Tooltip>
        <span className="wide-only">
          <SchemeMenu />
        </span>
      </div>
      <Banner state={state} engine={engine} />
    </header>
  );
}

function Banner({ state, engine }: { state: CallState; engine: CallEngine }) {
  if (state.link === 'down')
    return (
      <div className="banner" role="status" data-testid="banner-reconnecting">
        <span>
          {state.media === 'live'
            ? 'Reconnecting… You still see and hear each other; chat and controls come back in a moment.'
            : 'Reconnecting…'}
        </span>
        <Button size="compact-xs" variant="white" color="dark" style={{ flexShrink: 0 }} onClick={() => engine.reconnect()}>
          Try now
        </Button>
      </div>
    );
  if (state.media === 'lost')
    return (
      <div className="banner" role="status" data-testid="banner-media">
        Picture and sound are interrupted; they come back by themselves.
      </div>
    );
  return null;
}

function RecordingSign({ recording }: { recording: string | null | undefined }) {
  if (recording !== 'recording' && recording !== 'paused') return null;
  const paused = recording === 'paused';
  return (
    <Badge
      color={paused ? 'yellow' : 'red'}
      variant="filled"
      leftSection={paused ? <Icons.PauseIcon size={12} aria-hidden /> : <span className="rec-dot" aria-hidden />}
      style={{ flexShrink: 0 }}
      data-testid="rec-sign"
      data-state={recording}
      aria-label={paused ? 'The recording is paused' : 'This call is being recorded'}
    >
      {paused ? 'Paused' : 'Rec'}
    </Badge>
  );
}

function RecordMenu({ engine, recording }: { engine: CallEngine; recording: string | null | undefined }) {
  const [stopping, setStopping] = useState(false);
  const runs = recording === 'recording' || recording === 'paused';
  if (!runs)
    return (
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<Icons.RecordIcon size={14} aria-hidden />}
        onClick={() => engine.record('start')}
        aria-label="Start recording"
        data-testid="record-start"
      >
        Record
      </Button>
    );
  return (
    <>
      <Menu>
        <Menu.Target>
          <Button size="compact-sm" variant="default" data-testid="record">
            Recording
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {recording === 'recording' ? (
            <Menu.Item leftSection={<Icons.PauseIcon size={16} />} onClick={() => engine.record('pause')} data-testid="record-pause">
              Pause
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<Icons.RecordIcon size={16} />} onClick={() => engine.record('resume')} data-testid="record-resume">
              Go on recording
            </Menu.Item>
          )}
          <Menu.Item color="red" leftSection={<Icons.StopIcon size={16} />} onClick={() => setStopping(true)} data-testid="record-stop">
            Stop
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={stopping}
        title="Stop the recording?"
        confirm="Stop recording"
        onConfirm={() => {
          engine.record('stop');
          setStopping(false);
        }}
        onClose={() => setStopping(false)}
      >
        Its files are prepared at once. To go on later in the same recording, pause it instead.
      </Confirm>
    </>
  );
}

export function RoomCode({ code, className }: { code: string; className: string }) {
  return (
    <span className={className}>
      <Text size="sm" component="span" c="dimmed">
        Code
      </Text>
      <Text size="sm" component="span" className="code" data-testid="room-code">
        {code}
      </Text>
      <Copy value={`${window.location.origin}/join/${code}`} label="Copy the link for others" />
    </span>
  );
}

const QUALITY_WORDS: Record<Quality, string> = {
  good: 'Your line is good',
  fair: 'Your line is fair: pictures may stutter',
  poor: 'Your line is bad: switching the camera off helps',
};
const QUALITY_COLORS: Record<Quality, string> = { good: 'teal', fair: 'yellow.7', poor: 'red' };

function QualitySign({ quality }: { quality: Quality }) {
  const Icon = quality === 'poor' ? Icons.WifiWeakIcon : Icons.WifiIcon;
  return (
    <Tooltip label={QUALITY_WORDS[quality]}>
      <Text c={QUALITY_COLORS[quality]} component="span" role="img" aria-label={QUALITY_WORDS[quality]} lh={0} data-testid="quality" data-quality={quality}>
        <Icon size={18} aria-hidden />
      </Text>
    </Tooltip>
  );
}
