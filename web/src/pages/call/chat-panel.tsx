import { ActionIcon, Text, Textarea } from '@mantine/core';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { CallEngine } from '../../call/engine';
import type { ChatLine } from '../../call/messages';
import { SendIcon } from '../../ui/icons';
import { formatShortTime } from '../../ui/words';
import { useStore } from './use-store';

const MAX = 4000;

export function ChatPanel({ engine }: { engine: CallEngine }) {
  const { chat, link } = useStore(engine);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void end.current?.scrollIntoView({ block: 'end' });
  }, [chat.length]);
  return (
    <div className="panel" data-testid="chat">
      <Text fw={600} role="heading" aria-level={2} mb="xs">
        Chat
      </Text>
      <div className="chat panel-fill" role="log" aria-live="polite" aria-label="Chat lines" tabIndex={0}>
        {chat.length === 0 && <Text c="dimmed">Nobody has written yet. What you write is seen by everybody here.</Text>}
        {chat.map((line) => (
          <Line key={line.id} line={line} />
        ))}
        <div ref={end} aria-hidden />
      </div>
      <Composer send={(text) => engine.say(text)} online={link === 'up'} />
    </div>
  );
}

function Line({ line }: { line: ChatLine }) {
  return (
    <article className="chat-line" data-testid={`line-${line.id}`}>
      <Text size="xs" c="dimmed" className="break">
        <b>{line.name || 'Nameless'}</b> · <time dateTime={line.at}>{formatShortTime(line.at)}</time>
      </Text>
      <Text size="sm" className="break chat-text">
        {line.text}
      </Text>
    </article>
  );
}

function Composer({ send, online }: { send(text: string): boolean; online: boolean }) {
  const [text, setText] = useState('');
  const submit = () => {
    if (text.trim() && send(text.trim())) setText(''); // kept when the line is down
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Textarea
        aria-label="Write to everybody"
        placeholder={online ? 'Write to everybody' : 'Connecting again…'}
        autosize
        maxRows={4}
        maxLength={MAX}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKey}
        style={{ flex: 1 }}
        data-testid="chat-input"
      />
      <ActionIcon type="submit" size="lg" aria-label="Send" disabled={!online || !text.trim()} data-testid="chat-send">
        <SendIcon size={18} />
      </ActionIcon>
    </form>
  );
}
