/* Fields that several forms have. */
import { Checkbox, NumberInput, Textarea, TextInput } from '@mantine/core';
import type { Editing } from './form';

interface Field<V> {
  value: V;
  onChange(value: V): void;
}

export function NameField({ label = 'Name', testid = 'name', example, description, value, onChange }: Field<string> & { label?: string; testid?: string; example?: string; description?: string }) {
  return (
    <TextInput
      label={label}
      description={description}
      required
      pattern=".*\S.*"
      title="Not only blanks"
      maxLength={200}
      data-autofocus
      placeholder={example}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      data-testid={testid}
    />
  );
}

export function DescriptionField({ value, onChange }: Field<string>) {
  return (
    <Textarea label="Description" autosize minRows={2} maxRows={6} maxLength={10000} value={value} onChange={(event) => onChange(event.target.value)} />
  );
}

/** When it begins, in the browser's time, and for how long. */
export function TimeFields({ draft, change }: Editing<{ scheduled_start: string; duration_minutes: number }>) {
  return (
    <>
      <TextInput label="Starts" type="datetime-local" value={draft.scheduled_start} onChange={(event) => change({ scheduled_start: event.target.value })} />
      <CountField label="Length in minutes" most={1440} value={draft.duration_minutes} onChange={(duration_minutes) => change({ duration_minutes })} />
    </>
  );
}

export function CountField({ label, description, most, testid, value, onChange }: Field<number> & { label: string; description?: string; most: number; testid?: string }) {
  return (
    <NumberInput
      label={label}
      description={description}
      required
      min={1}
      max={most}
      allowDecimal={false}
      value={value}
      onChange={(count) => onChange(Number(count))}
      data-testid={testid}
    />
  );
}

export function Switches<K extends string>({ list, draft, change }: Editing<Record<K, boolean>> & { list: readonly (readonly [K, string])[] }) {
  return list.map(([field, label]) => (
    <Checkbox key={field} label={label} checked={draft[field]} onChange={(event) => change({ [field]: event.target.checked } as Record<K, boolean>)} data-testid={field} />
  ));
}
