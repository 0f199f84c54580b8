/* What every list of these pages has around it. */
import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { Problem, Waiting } from '../../ui/parts';

interface Props {
  list: { isPending: boolean; error: unknown; refetch(): unknown };
  /** "the accounts" */
  what: string;
  /** There is none; `empty` says so. */
  nothing: boolean;
  empty: ReactNode;
  children: ReactNode;
}

/** While it loads, what went wrong, that there is nothing, or what there is. */
export function ListFrame({ list, what, nothing, empty, children }: Props) {
  if (list.isPending) return <Waiting what={`Loading ${what}`} />;
  return (
    <>
      {list.error != null && <Problem error={list.error} retry={() => void list.refetch()} />}
      {nothing ? list.error == null && empty : children}
    </>
  );
}

export function PlainList({ label, children }: { label?: string; children: ReactNode }) {
  return (
    <Stack component="ul" gap="xs" className="plain-list" aria-label={label}>
      {children}
    </Stack>
  );
}
