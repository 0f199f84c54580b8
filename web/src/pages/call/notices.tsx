/* Brief words on what happened: as toasts where it matters to see it, and in a live region always. */
import { notifications } from '@mantine/notifications';
import { useEffect, useState } from 'react';
import type { CallEngine } from '../../call/engine';
import type { LocalState } from '../../call/local-media';

export function Notices({ engine, problems }: { engine: CallEngine; problems: LocalState['problems'] }) {
  const [said, setSaid] = useState('');
  useEffect(
    () =>
      engine.onNotice(({ text, level }) => {
        setSaid(text);
        if (level !== 'say') notifications.show({ message: text, color: level === 'warn' ? 'orange' : 'blue' });
      }),
    [engine],
  );
  const problem = Object.values(problems).find(Boolean) ?? '';
  useEffect(() => {
    if (problem) notifications.show({ message: problem, color: 'orange', autoClose: 8000 });
  }, [problem]);
  return (
    <div className="sr-only" role="status" aria-live="polite" data-testid="said">
      {said}
    </div>
  );
}
