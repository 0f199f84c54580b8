/* A form in a dialog: fields, what went wrong, cancel and save. */
import { Button, Group, Modal, Stack } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { Problem } from './parts';

/** What somebody types until it is saved, and how a part of it changes. */
export interface Editing<D> {
  draft: D;
  change(part: Partial<D>): void;
}

/** `before` is what it began with. */
export function useDraft<D>(first: () => D): Editing<D> & { before: D } {
  const [before] = useState(first);
  const [draft, setDraft] = useState(before);
  return { before, draft, change: (part) => setDraft((was) => ({ ...was, ...part })) };
}

interface Props {
  title: string;
  save: string;
  saving: { isPending: boolean; error: unknown };
  blocked?: boolean;
  /** Of the button that does it. */
  color?: string;
  failed?: string;
  onSave(): void;
  onClose(): void;
  children: ReactNode;
}

/** A long form is scrolled where the screen is small. */
const intoView = (part: HTMLElement | null) => part?.scrollIntoView({ block: 'nearest' });

export function FormDialog({ title, save, saving, blocked, color, failed = 'Could not save', onSave, onClose, children }: Props) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form onSubmit={submit}>
        <Stack>
          {children}
          {saving.error != null && (
            <div ref={intoView}>
              <Problem title={failed} error={saving.error} />
            </div>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color={color} loading={saving.isPending} disabled={blocked} data-testid="save">
              {save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
