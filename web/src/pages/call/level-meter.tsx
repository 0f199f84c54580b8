/* How loud the microphone hears its person, drawn straight to the element: no render 60 times a second. */
import { Text } from '@mantine/core';
import { useEffect, useRef } from 'react';

const FULL = 0.35;

export function LevelMeter({ track }: { track: MediaStreamTrack | null }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!track) return undefined;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      const loudness = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
      bar.current?.style.setProperty('transform', `scaleX(${Math.min(1, loudness / FULL)})`);
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      void context.close();
    };
  }, [track]);
  return (
    <div>
      <div className="meter" aria-hidden data-testid="meter">
        <div className="meter-bar" ref={bar} />
      </div>
      <Text size="xs" c="dimmed" mt={4}>
        {track ? 'Speak: the bar moves when your microphone hears you' : 'The microphone is not in use'}
      </Text>
    </div>
  );
}
