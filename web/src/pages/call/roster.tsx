/* Who is here; for the host, what can be done about it. */
import { ActionIcon, Badge, Button, Group, Menu, ScrollArea, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';
import type { CallEngine } from '../../call/engine';
import type { Person } from '../../call/messages';
import { isHost, type CallState } from '../../call/state';
import * as Icons from '../../ui/icons';
import { Confirm } from '../../ui/parts';
import { RoomCode } from './top-bar';
import { useStore } from './use-store';

const ROLE_WORDS: Record<Person['role'], string> = { teacher: 'Host', student: '', viewer: 'Watching' };

/** Hosts first, then raised hands in the order of the list, then the rest by name. */
function inOrder(people: Person[]): Person[] {
  const rank = (person: Person) => (person.role === 'teacher' ? 0 : person.hand ? 1 : person.role === 'viewer' ? 3 : 2);
  return [...people].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

export function Roster({ engine }: { engine: CallEngine }) {
  const state = useStore(engine);
  const [removing, setRemoving] = useState<Person | null>(null);
  const host = isHost(state);
  return (
    <Stack className="panel" gap="sm" data-testid="roster">
      <Text fw={600} role="heading" aria-level={2}>
        People ({state.people.length})
      </Text>
      {host && state.room?.room_code && <RoomCode code={state.room.room_code} className="top-code" />}
      {host && (
        <Switch
          label="Locked: nobody new comes in"
          checked={state.room?.locked ?? false}
          onChange={(event) => engine.lock(event.target.checked)}
          data-testid="lock-switch"
        />
      )}
      {host && <KnockList engine={engine} knocking={state.knocking} />}
      <ScrollArea className="panel-fill" offsetScrollbars="y">
        <ul className="people">
          {inOrder(state.people).map((person) => (
            <PersonRow key={person.connection} person={person} state={state} engine={engine} host={host} remove={() => setRemoving(person)} />
          ))}
        </ul>
      </ScrollArea>
      <Confirm
        opened={removing !== null}
        title={`Remove ${removing?.name ?? ''}?`}
        confirm="Remove"
        onConfirm={() => {
          if (removing) engine.remove(removing);
          setRemoving(null);
        }}
        onClose={() => setRemoving(null)}
      >
        They are sent out at once, and their link does not work any more.
      </Confirm>
    </Stack>
  );
}

export function KnockList({ engine, knocking }: { engine: CallEngine; knocking: CallState['knocking'] }) {
  return knocking.map((knocker) => (
    <Group key={knocker.connection} wrap="nowrap" justify="space-between" data-testid={`knock-${knocker.connection}`}>
      <Text size="sm" className="break" lineClamp={2}>
        <b>{knocker.name}</b> asks to come in
      </Text>
      <Group gap={6} wrap="nowrap">
        <Button size="compact-sm" onClick={() => engine.admit(knocker.connection, true)} aria-label={`Let ${knocker.name} in`} data-testid="admit">
          Let in
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => engine.admit(knocker.connection, false)}
          aria-label={`Turn ${knocker.name} away`}
          data-testid="deny"
        >
          Turn away
        </Button>
      </Group>
    </Group>
  ));
}

interface RowProps {
  person: Person;
  state: CallState;
  engine: CallEngine;
  host: boolean;
  remove(): void;
}

function PersonRow({ person, state, engine, host, remove }: RowProps) {
  const mine = person.connection === state.connection;
  const mic = person.tracks.find((track) => track.kind === 'mic');
  const micOn = mic !== undefined && !mic.muted;
  return (
    <li className="person" data-testid={`person-${person.connection}`} data-name={person.name}>
      <div className="person-name">
        <Text size="sm" className="break" lineClamp={2}>
          {person.name || 'Nameless'}
          {mine && ' (you)'}
        </Text>
        {ROLE_WORDS[person.role] && (
          <Badge size="xs" variant="light">
            {ROLE_WORDS[person.role]}
          </Badge>
        )}
        {person.away && (
          <Badge size="xs" color="orange" variant="light">
            Line lost
          </Badge>
        )}
      </div>
      <Group gap={4} wrap="nowrap">
        {person.hand && <Icons.HandIcon size={18} aria-label="Hand is up" color="var(--mantine-color-yellow-6)" />}
        {person.quality !== 'good' && <Icons.WifiWeakIcon size={16} aria-label={`Line is ${person.quality}`} />}
        {person.role !== 'viewer' &&
          (micOn ? <Icons.MicIcon size={16} aria-label="Microphone on" /> : <Icons.MicOffIcon size={16} aria-label="Microphone off" />)}
        {host && !mine && <HostMenu person={person} micOn={micOn} engine={engine} remove={remove} />}
      </Group>
    </li>
  );
}

function HostMenu({ person, micOn, engine, remove }: { person: Person; micOn: boolean; engine: CallEngine; remove(): void }) {
  const camera = person.tracks.find((track) => track.kind === 'camera');
  const shares = person.tracks.some((track) => track.kind === 'screen');
  const id = person.connection;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`What to do with ${person.name}`} data-testid={`host-${id}`}>
          <Icons.MoreIcon size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {micOn && (
          <Menu.Item onClick={() => engine.mutePeer(person, 'mic')} data-testid={`mute-${id}`}>
            Switch the microphone off
          </Menu.Item>
        )}
        {camera && !camera.muted && <Menu.Item onClick={() => engine.mutePeer(person, 'camera')}>Switch the camera off</Menu.Item>}
        {shares && (
          <Menu.Item onClick={() => engine.mutePeer(person, 'screen')} data-testid={`stop-share-${id}`}>
            Stop the screen share
          </Menu.Item>
        )}
        {person.role !== 'viewer' && (
          <Menu.Item onClick={() => engine.allowShare(person, !person.screenshare)} data-testid={`allow-${id}`}>
            {person.screenshare ? 'Forbid screen sharing' : 'Allow screen sharing'}
          </Menu.Item>
        )}
        {person.hand && (
          <Menu.Item onClick={() => engine.lowerHand(person)} data-testid={`lower-${id}`}>
            Lower the hand
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Item color="red" onClick={remove} data-testid={`remove-${id}`}>
          Remove…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
