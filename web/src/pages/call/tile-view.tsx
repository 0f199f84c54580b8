import { ActionIcon, Text, Tooltip } from '@mantine/core';
import type { CSSProperties } from 'react';
import { HandIcon, MicOffIcon, PinIcon, PinOffIcon, WifiWeakIcon } from '../../ui/icons';
import { hueOf, initials } from '../../ui/words';
import type { Tile } from './tiles';
import { Video } from './video';

interface Props {
  tile: Tile;
  speaking: boolean;
  micOff: boolean;
  pinned: boolean;
  onPin(): void;
  inFront: boolean;
  style?: CSSProperties;
}

export function TileView({ tile, speaking, micOff, pinned, onPin, inFront, style }: Props) {
  const { person, kind, track, mine } = tile;
  const name = person.name || 'Nameless';
  const title = kind === 'screen' ? (mine ? 'Your screen' : `${name}’s screen`) : mine ? `${name} (you)` : name;
  return (
    <li
      className="tile"
      style={style}
      data-front={inFront || undefined}
      data-testid={`tile-${tile.id}`}
      data-speaking={(speaking && kind === 'camera') || undefined}
      data-video={track !== null}
      data-name={person.name}
    >
      {track ? (
        <Video track={track} label={title} mirrored={mine && kind === 'camera'} contain={kind === 'screen'} />
      ) : (
        <div className="tile-avatar" style={{ '--hue': hueOf(name) } as CSSProperties} aria-hidden>
          {initials(name)}
        </div>
      )}
      {person.away && <div className="tile-away">Their line was lost. Waiting for them…</div>}
      <div className="tile-name">
        {micOff && kind === 'camera' && <MicOffIcon size={15} aria-label="Microphone off" />}
        <Text size="sm" truncate title={title}>
          {title}
        </Text>
        {person.quality === 'poor' && !mine && <WifiWeakIcon size={15} aria-label="Bad line" />}
        {speaking && kind === 'camera' && <span className="sr-only">speaking</span>}
      </div>
      {person.hand && kind === 'camera' && (
        <div className="tile-hand" data-testid={`hand-${person.connection}`}>
          <HandIcon size={18} aria-label="Hand is up" />
        </div>
      )}
      <Tooltip label={pinned ? 'Back to automatic' : 'Keep in front'}>
        <ActionIcon
          className="tile-pin"
          variant="filled"
          color="dark"
          onClick={onPin}
          aria-label={`${pinned ? 'Do not keep' : 'Keep'} ${title} in front`}
          aria-pressed={pinned}
        >
          {pinned ? <PinOffIcon size={16} /> : <PinIcon size={16} />}
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
