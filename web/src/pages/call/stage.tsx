/* The pictures: a grid of equals, or one in front with the others in a strip. */
import { Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import type { CallState } from '../../call/state';
import { tileSize } from './layout';
import { front, micIsOff, type Tile } from './tiles';
import { TileView } from './tile-view';

interface Props {
  tiles: Tile[];
  state: CallState;
  speakerView: boolean;
  localMicOn: boolean;
  pinned: string | null;
  setPinned(id: string | null): void;
}

export function Stage(props: Props) {
  const { tiles, state, speakerView, pinned, setPinned } = props;
  const { ref, width, height } = useElementSize<HTMLUListElement>();
  const size = tileSize(tiles.length, width, height);
  const view = (tile: Tile, sized: boolean) => (
    <TileView
      key={tile.id}
      tile={tile}
      speaking={state.speaking.has(tile.person.connection)}
      micOff={micIsOff(tile, props.localMicOn)}
      pinned={pinned === tile.id}
      onPin={() => setPinned(pinned === tile.id ? null : tile.id)}
      style={sized ? size : undefined}
    />
  );
  const main = speakerView ? front(tiles, pinned, state.activeSpeaker) : undefined;
  const alone = state.people.length === 1;
  return (
    <section className="stage" aria-label="Pictures" data-view={main ? 'speaker' : 'grid'}>
      {main ? (
        <>
          <ul className="stage-main">{view(main, false)}</ul>
          {tiles.length > 1 && <ul className="stage-strip">{tiles.filter((tile) => tile !== main).map((tile) => view(tile, false))}</ul>}
        </>
      ) : (
        <ul className="stage-grid" ref={ref}>
          {width > 0 && tiles.map((tile) => view(tile, true))}
        </ul>
      )}
      {alone && (
        <Text className="stage-alone" size="sm" role="status">
          Nobody else is here yet. The others appear as soon as they come in.
        </Text>
      )}
    </section>
  );
}
