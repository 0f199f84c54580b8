/* The call itself: bar, pictures, side panel, controls. */
import { Drawer } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { CallEngine } from '../../call/engine';
import type { LocalMedia } from '../../call/local-media';
import { isHost } from '../../call/state';
import { Boundary } from '../../ui/boundary';
import { ChatPanel } from './chat-panel';
import { Controls, type Panel } from './controls';
import { ConsentDialog, SettingsDialog, ShortcutsDialog } from './dialogs';
import { Knocks } from './knocks';
import { Notices } from './notices';
import { RemoteAudio } from './remote-audio';
import { Roster } from './roster';
import { Stage } from './stage';
import { tilesOf } from './tiles';
import { TopBar } from './top-bar';
import { useShortcuts } from './use-shortcuts';
import { useStore } from './use-store';

const PANEL_TITLES: Record<Panel, string> = { chat: 'Chat', people: 'People' };

/** How many lines came while the chat was closed. */
function useUnread(lines: number, open: boolean): number {
  const [seen, setSeen] = useState(lines);
  useEffect(() => {
    if (open || lines < seen) setSeen(lines);
  }, [open, lines, seen]);
  return open ? 0 : lines - seen;
}

export function CallRoom({ engine, local }: { engine: CallEngine; local: LocalMedia }) {
  const state = useStore(engine);
  const localState = useStore(local);
  const [panel, setPanel] = useState<Panel | null>(null);
  const [dialog, setDialog] = useState<'settings' | 'keys' | null>(null);
  const [pinned, setPinned] = useState<string | null>(null);
  const [chosenView, setChosenView] = useState<'grid' | 'speaker' | null>(null);
  const narrow = useMediaQuery('(max-width: 800px)') ?? false;
  const unread = useUnread(state.chat.length, panel === 'chat');

  const tiles = tilesOf(state, localState);
  const someoneShares = tiles.some((tile) => tile.kind === 'screen' && !tile.mine);
  useEffect(() => setChosenView(null), [someoneShares]); // a share that begins or ends shows itself
  const speakerView = pinned !== null || (chosenView ?? (someoneShares ? 'speaker' : 'grid')) === 'speaker';
  const toggleView = () => {
    setPinned(null);
    setChosenView(speakerView ? 'grid' : 'speaker');
  };
  const togglePanel = (one: Panel) => setPanel(panel === one ? null : one);
  useShortcuts(engine, local, () => setDialog('keys'));

  const content = panel && <Boundary>{panel === 'chat' ? <ChatPanel engine={engine} /> : <Roster engine={engine} />}</Boundary>;
  return (
    <div className="call" data-testid="call" data-host={isHost(state)}>
      <TopBar engine={engine} speakerView={speakerView} toggleView={toggleView} />
      <main className="call-middle">
        <Stage tiles={tiles} state={state} speakerView={speakerView} localMicOn={local.isOn('mic')} pinned={pinned} setPinned={setPinned} />
        {!narrow && panel && (
          <aside className="side" aria-label={PANEL_TITLES[panel]}>
            {content}
          </aside>
        )}
      </main>
      <Drawer
        opened={narrow && panel !== null}
        onClose={() => setPanel(null)}
        position="bottom"
        size="85%"
        title={panel && PANEL_TITLES[panel]}
        classNames={{ body: 'drawer-body', content: 'drawer-content' }}
      >
        {content}
      </Drawer>
      <Knocks engine={engine} />
      <Controls
        engine={engine}
        local={local}
        panel={panel}
        togglePanel={togglePanel}
        unread={unread}
        speakerView={speakerView}
        toggleView={toggleView}
        openDialog={setDialog}
      />
      <RemoteAudio streams={state.streams} speakerId={localState.preferences.speakerId} />
      <Notices engine={engine} problems={localState.problems} />
      <ConsentDialog engine={engine} opened={state.consentAsked} wording={state.consentWording} />
      <SettingsDialog local={local} opened={dialog === 'settings'} onClose={() => setDialog(null)} />
      <ShortcutsDialog opened={dialog === 'keys'} onClose={() => setDialog(null)} />
    </div>
  );
}
