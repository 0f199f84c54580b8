import type { CallEngine } from '../../call/engine';
import { isHost } from '../../call/state';
import { KnockList } from './roster';
import { useStore } from './use-store';

const SHOWN = 3;

/** Who knocks, over the pictures, so that the host sees it with any panel closed. */
export function Knocks({ engine }: { engine: CallEngine }) {
  const state = useStore(engine);
  if (!isHost(state) || state.knocking.length === 0) return null;
  return (
    <section className="knocks" aria-label="Who asks to come in" data-testid="knocks">
      <KnockList engine={engine} knocking={state.knocking.slice(0, SHOWN)} />
      {state.knocking.length > SHOWN && <span>and {state.knocking.length - SHOWN} more, see “People”</span>}
    </section>
  );
}
