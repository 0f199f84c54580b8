/* REST calls: bearer token, JSON both ways, and the server's errors as sentences. */
import { readToken, signOutExpired } from './token';
import type { Model, Schemas } from './types';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

interface Options {
  query?: Query;
  body?: object;
  form?: Record<string, string>;
}

/** Calls the API; `R` is the name of the reply's model. */
export async function call<R extends keyof Schemas>(method: string, path: string, options: Options = {}): Promise<Model<R>> {
  const reply = await send(method, path, options);
  return (await reply.json()) as Model<R>;
}

/** For replies without JSON: 204, and files. */
export async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  const token = readToken();
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  let body: BodyInit | undefined;
  if (options.form) body = new URLSearchParams(options.form);
  else if (options.body) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(options.body);
  }
  const reply = await reach(path + queryString(options.query), { method, headers, body });
  if (reply.ok) return reply;
  if (reply.status === 401 && token) signOutExpired();
  throw new ApiError(reply.status, await sentence(reply));
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`/api/v1${url}`, init);
  } catch {
    throw new ApiError(0, 'The server cannot be reached. Check your connection and try again.');
  }
}

function queryString(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return given.length ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : '';
}

interface Problem {
  loc?: (string | number)[];
  msg?: string;
}

async function sentence(reply: Response): Promise<string> {
  const body = (await reply.json().catch(() => null)) as { detail?: string | Problem[] } | null;
  const detail = body?.detail;
  if (typeof detail === 'string') return detail;
  if (Array.isArray(detail)) return detail.map(problemText).join('. ');
  return reply.status >= 500 ? 'The server has a problem. Try again in a moment.' : `The request failed (${reply.status}).`;
}

function problemText({ loc = [], msg = 'is not valid' }: Problem): string {
  const field = String(loc.at(-1) ?? '').replaceAll('_', ' ');
  return field ? `${field}: ${msg}` : msg;
}
