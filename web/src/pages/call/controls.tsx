/* The row of buttons below the pictures. On a phone the rarer ones move into a menu. */
import { Menu } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import type { CallEngine } from '../../call/engine';
import type { LocalMedia } from '../../call/local-media';
import { isHost, you } from '../../call/state';
import * as Icons from '../../ui/icons';
import { Confirm } from '../../ui/parts';
import { ControlButton } from './control-button';
import { canShare, toggleCamera, toggleHand, toggleMic, toggleShare } from './use-shortcuts';
import { useStore } from './use-store';

export type Panel = 'chat' | 'people';

interface Props {
  engine: CallEngine;
  local: LocalMedia;
  panel: Panel | null;
  togglePanel(panel: Panel): void;
  unread: number;
  speakerView: boolean;
  toggleView(): void;
  openDialog(dialog: 'settings' | 'keys'): void;
}

export function Controls(props: Props) {
  const { engine, panel, togglePanel, unread } = props;
  const state = useStore(engine);
  const phone = useMediaQuery('(max-width: 560px)') ?? false;
  const [ending, setEnding] = useState(false);
  const me = you(state);
  const host = isHost(state);
  const roster = state.people.length;
  return (
    <footer>
      <div className="controls" role="toolbar" aria-label="Controls">
        {me?.role !== 'viewer' && <OwnMedia {...props} phone={phone} />}
        <ControlButton
          testid="hand"
          label={me?.hand ? 'Lower your hand (h)' : 'Raise your hand (h)'}
          lit={me?.hand}
          pressed={me?.hand ?? false}
          onClick={() => toggleHand(engine)}
          icon={<Icons.HandIcon />}
        />
        {state.room?.chat !== false && (
          <ControlButton
            testid="chat-toggle"
            label="Chat"
            lit={panel === 'chat'}
            pressed={panel === 'chat'}
            badge={unread}
            onClick={() => togglePanel('chat')}
            icon={<Icons.ChatIcon />}
          />
        )}
        {!phone && (
          <ControlButton
            testid="people"
            label={`People (${roster})`}
            lit={panel === 'people'}
            pressed={panel === 'people'}
            badge={state.knocking.length}
            onClick={() => togglePanel('people')}
            icon={<Icons.PeopleIcon />}
          />
        )}
        <More {...props} phone={phone} host={host} roster={roster} end={() => setEnding(true)} />
        <ControlButton testid="leave" label="Leave" danger onClick={() => engine.leave()} icon={<Icons.LeaveIcon />} />
        {host && !phone && (
          <ControlButton testid="end" label="End for everybody" danger onClick={() => setEnding(true)} icon={<Icons.EndIcon />} />
        )}
      </div>
      <Confirm
        opened={ending}
        title="End the session for everybody?"
        confirm="End for everybody"
        onConfirm={() => engine.end()}
        onClose={() => setEnding(false)}
      >
        Everybody is sent out, and a running recording is stopped and prepared.
      </Confirm>
    </footer>
  );
}

function OwnMedia({ engine, local, phone }: Props & { phone: boolean }) {
  const { busy } = useStore(local);
  const me = you(useStore(engine));
  const [mic, camera, screen] = [local.isOn('mic'), local.isOn('camera'), local.isOn('screen')];
  return (
    <>
      <ControlButton
        testid="mic"
        label={mic ? 'Switch the microphone off (m)' : 'Switch the microphone on (m)'}
        off={!mic}
        busy={busy.mic}
        onClick={() => toggleMic(local)}
        icon={mic ? <Icons.MicIcon /> : <Icons.MicOffIcon />}
      />
      <ControlButton
        testid="camera"
        label={camera ? 'Switch the camera off (c)' : 'Switch the camera on (c)'}
        off={!camera}
        busy={busy.camera}
        onClick={() => toggleCamera(local)}
        icon={camera ? <Icons.CameraIcon /> : <Icons.CameraOffIcon />}
      />
      {canShare() && (!phone || screen) && (
        <ControlButton
          testid="share"
          label={screen ? 'Stop sharing (s)' : me?.screenshare ? 'Share your screen (s)' : 'The host has not allowed you to share'}
          lit={screen}
          pressed={screen}
          disabled={!me?.screenshare && !screen}
          onClick={() => toggleShare(engine, local)}
          icon={screen ? <Icons.ShareOffIcon /> : <Icons.ShareIcon />}
        />
      )}
    </>
  );
}

type MoreProps = Props & { phone: boolean; host: boolean; roster: number; end(): void };

function More(props: MoreProps) {
  const { phone, host, roster, togglePanel, speakerView, toggleView, openDialog } = props;
  return (
    <Menu position="top">
      <Menu.Target>
        <ControlButton testid="more" label="More" icon={<Icons.MoreIcon />} />
      </Menu.Target>
      <Menu.Dropdown>
        {phone && (
          <Menu.Item leftSection={<Icons.PeopleIcon size={16} />} onClick={() => togglePanel('people')}>
            People ({roster})
          </Menu.Item>
        )}
        <Menu.Item leftSection={speakerView ? <Icons.GridIcon size={16} /> : <Icons.SpeakerViewIcon size={16} />} onClick={toggleView}>
          {speakerView ? 'Everybody alike' : 'Speaker in front'}
        </Menu.Item>
        <Menu.Item leftSection={<Icons.SettingsIcon size={16} />} onClick={() => openDialog('settings')} data-testid="settings">
          Devices
        </Menu.Item>
        <Menu.Item leftSection={<Icons.FullscreenIcon size={16} />} onClick={toggleFullscreen}>
          Whole screen
        </Menu.Item>
        {!phone && (
          <Menu.Item leftSection={<Icons.HelpIcon size={16} />} onClick={() => openDialog('keys')}>
            Keys
          </Menu.Item>
        )}
        {host && <HostItems {...props} />}
      </Menu.Dropdown>
    </Menu>
  );
}

function HostItems({ engine, phone, end }: MoreProps) {
  const { room } = useStore(engine);
  return (
    <>
      <Menu.Divider />
      <Menu.Label>Host</Menu.Label>
      <Menu.Item
        leftSection={room?.locked ? <Icons.LockOpenIcon size={16} /> : <Icons.LockIcon size={16} />}
        onClick={() => engine.lock(!room?.locked)}
        data-testid="lock"
      >
        {room?.locked ? 'Unlock the session' : 'Lock: nobody new comes in'}
      </Menu.Item>
      {phone && (
        <Menu.Item color="red" leftSection={<Icons.EndIcon size={16} />} onClick={end} data-testid="end">
          End for everybody
        </Menu.Item>
      )}
    </>
  );
}

function toggleFullscreen(): void {
  // Refused where it is not possible (phones): then nothing happens.
  if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
  else void document.documentElement.requestFullscreen?.().catch(() => undefined);
}
