import { useEffect, useRef } from 'react';

interface Props {
  track: MediaStreamTrack | null | undefined;
  label: string;
  mirrored?: boolean;
  contain?: boolean;
}

/** A picture without sound; sound is played apart, so that layouts may come and go. */
export function Video({ track, label, mirrored = false, contain = false }: Props) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    video.srcObject = track ? new MediaStream([track]) : null;
    // Muted pictures may always play; a rejected play() means only that the element went away.
    if (track) video.play().catch(() => undefined);
  }, [track]);
  return (
    <video
      ref={ref}
      className="video"
      data-mirrored={mirrored || undefined}
      data-contain={contain || undefined}
      muted
      playsInline
      autoPlay
      aria-label={label}
    />
  );
}
