/* Before the call: look at yourself, choose devices, agree to the recording, then join. */
import { Alert, Anchor, Badge, Button, Card, Checkbox, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'react-router-dom';
import { useToken } from '../../api/token';
import type { Lookup } from '../../api/types';
import type { LocalMedia } from '../../call/local-media';
import { SchemeMenu } from '../../ui/shell';
import { formatDateTime } from '../../ui/words';
import { CameraIcon, CameraOffIcon, MicIcon, MicOffIcon } from '../../ui/icons';
import { ControlButton } from './control-button';
import { DeviceChoice } from './device-choice';
import { useStore } from './use-store';
import { Video } from './video';

interface Props {
  lookup: Lookup;
  local: LocalMedia;
  join(consent: boolean): void;
}

export function Prejoin({ lookup, local, join }: Props) {
  const [consent, setConsent] = useState(false);
  const watches = lookup.role === 'viewer';
  const over = lookup.status === 'ended' || lookup.status === 'cancelled';
  useEffect(() => {
    if (!watches && !over) void local.start();
  }, [local, watches, over]);
  return (
    <main className="prejoin">
      <Group justify="space-between" wrap="nowrap" align="flex-start" mb="md">
        <Heading lookup={lookup} />
        <SchemeMenu />
      </Group>
      {over ? (
        <Over ended={lookup.status === 'ended'} />
      ) : (
        <div className="prejoin-columns" data-single={watches || undefined}>
          {!watches && <Preview local={local} name={lookup.name ?? ''} />}
          <Card withBorder>
            <Stack>
              {lookup.name && (
                <Text className="break">
                  You join as <b>{lookup.name}</b>
                  {lookup.role === 'teacher' && <Badge ml="xs">Host</Badge>}
                </Text>
              )}
              {watches && <Text c="dimmed">You watch and listen; the others do not see or hear you.</Text>}
              {lookup.records && (
                <Checkbox
                  label={lookup.consent_wording}
                  checked={consent}
                  onChange={(event) => setConsent(event.target.checked)}
                  data-testid="consent"
                />
              )}
              {lookup.waiting_room && lookup.role !== 'teacher' && (
                <Text size="sm" c="dimmed">
                  This session has a waiting room: the host lets you in.
                </Text>
              )}
              <Button size="md" disabled={lookup.records && !consent} onClick={() => join(consent)} data-testid="join">
                Join
              </Button>
              {lookup.records && !consent && (
                <Text size="xs" c="dimmed">
                  This session is recorded, so joining needs your agreement.
                </Text>
              )}
              {!watches && <DeviceChoice local={local} />}
            </Stack>
          </Card>
        </div>
      )}
    </main>
  );
}

function Over({ ended }: { ended: boolean }) {
  const signedIn = useToken() !== null;
  return (
    <Alert color="gray" title={ended ? 'This session has ended' : 'This session was cancelled'} data-testid="over-already">
      <Text size="sm">
        Nobody can come in any more.{' '}
        <Anchor component={Link} to={signedIn ? '/' : '/join'} underline="always">
          {signedIn ? 'Go to your sessions' : 'Join another session'}
        </Anchor>
        .
      </Text>
    </Alert>
  );
}

function Heading({ lookup }: { lookup: Lookup }) {
  return (
    <div>
      <Title order={1} size="h2" className="break" data-testid="title">
        {lookup.title || 'Session'}
      </Title>
      <Text c="dimmed" className="break">
        with {lookup.teacher_name}
        {lookup.scheduled_start && ` · ${formatDateTime(lookup.scheduled_start)}`}
      </Text>
    </div>
  );
}

function Preview({ local, name }: { local: LocalMedia; name: string }) {
  const { tracks, busy, problems } = useStore(local);
  const micOn = local.isOn('mic');
  const cameraOn = local.isOn('camera');
  return (
    <Stack gap="sm">
      <div className="preview">
        {tracks.camera ? (
          <Video track={tracks.camera} mirrored label="Your camera" />
        ) : (
          <Text c="dimmed" ta="center" px="md" maw="100%" className="break">
            {busy.camera ? 'The camera is starting…' : `Your camera is off${name ? `, ${name}` : ''}`}
          </Text>
        )}
        <Group className="preview-controls">
          <ControlButton
            testid="mic"
            label={micOn ? 'Switch the microphone off' : 'Switch the microphone on'}
            off={!micOn}
            busy={busy.mic}
            onClick={() => void local.setMic(!micOn)}
            icon={micOn ? <MicIcon /> : <MicOffIcon />}
          />
          <ControlButton
            testid="camera"
            label={cameraOn ? 'Switch the camera off' : 'Switch the camera on'}
            off={!cameraOn}
            busy={busy.camera}
            onClick={() => void local.setCamera(!cameraOn)}
            icon={cameraOn ? <CameraIcon /> : <CameraOffIcon />}
          />
        </Group>
      </div>
      <MediaProblems problems={problems} />
    </Stack>
  );
}

export function MediaProblems({ problems }: { problems: Partial<Record<string, string>> }) {
  return Object.entries(problems).map(
    ([kind, text]) =>
      text && (
        <Alert key={kind} color="orange" role="alert">
          {text}
        </Alert>
      ),
  );
}
