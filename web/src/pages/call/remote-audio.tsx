/* Everybody else's voice. Browsers may forbid sound until a click: then there is a button for it. */
import { Button } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { CallState } from '../../call/state';
import { SoundIcon } from '../../ui/icons';

type Sink = HTMLAudioElement & { setSinkId?(id: string): Promise<void> };

export function RemoteAudio({ streams, speakerId }: { streams: CallState['streams']; speakerId: string }) {
  const [blocked, setBlocked] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const onBlocked = useCallback(() => setBlocked(true), []);
  const playAll = () => {
    setBlocked(false);
    box.current?.querySelectorAll('audio').forEach((audio) => void audio.play().catch(onBlocked));
  };
  return (
    <div ref={box}>
      {[...streams].map(
        ([connection, { mic }]) =>
          mic && <Voice key={connection} stream={mic} speakerId={speakerId} onBlocked={onBlocked} />,
      )}
      {blocked && (
        <Button className="hear" leftSection={<SoundIcon size={18} aria-hidden />} onClick={playAll} data-testid="hear">
          Click to hear the others
        </Button>
      )}
    </div>
  );
}

function Voice({ stream, speakerId, onBlocked }: { stream: MediaStream; speakerId: string; onBlocked(): void }) {
  const ref = useRef<Sink>(null);
  useEffect(() => {
    const audio = ref.current;
    if (!audio) return;
    audio.srcObject = stream;
    audio.play().catch((error: DOMException) => {
      if (error.name === 'NotAllowedError') onBlocked();
    });
  }, [stream, onBlocked]);
  useEffect(() => {
    // An unplugged speaker: the system's choice goes on playing.
    void ref.current?.setSinkId?.(speakerId).catch(() => undefined);
  }, [speakerId]);
  return <audio ref={ref} autoPlay />;
}
