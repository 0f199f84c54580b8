/* The pictures: a grid of equals, or one in front with the others in a strip. */
import { Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import type { CallState } from '../../call/state';
import { tileSize, type TileSize } from './layout';
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
  const view = (tile: Tile, tileStyle: TileSize | undefined, inFront: boolean) => (
    <TileView
      key={tile.id}
      tile={tile}
      speaking={state.speaking.has(tile.person.connection)}
      micOff={micIsOff(tile, props.localMicOn)}
      pinned={pinned === tile.id}
      onPin={() => setPinned(pinned === tile.id ? null : tile.id)}
      inFront={inFront}
      style={tileStyle}
    />
  );
  const main = speakerView ? front(tiles, pinned, state.activeSpeaker) : undefined;
  const columns = { gridTemplateColumns: `repeat(${Math.max(1, tiles.length - 1)}, var(--strip-width))` };
  return (
    <section className="stage" aria-label="Pictures">
      {/* One list for both views: a picture that changes its place keeps playing. */}
      <ul ref={ref} className="tiles" data-view={main ? 'speaker' : 'grid'} data-alone={tiles.length === 1} style={main && columns}>
        {width > 0 && tiles.map((tile) => view(tile, main ? undefined : size, tile === main))}
      </ul>
      {state.people.length === 1 && (
        <Text className="stage-alone" size="sm" role="status">
          Nobody else is here yet. The others appear as soon as they come in.
        </Text>
      )}
    </section>
  );
}
