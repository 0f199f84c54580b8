/* The call's WebSocket: opens, opens again after a loss, and says when. It knows nothing of what the messages mean. */
import type { CallEnv } from './env';
import type { InMessage, OutMessage } from './messages';

const FIRST_RETRY_MS = 200;
/* Short: roomd is back within a second of its start, and the host waits for the controls. */
const MAX_RETRY_MS = 500;
const LONG_OUTAGE_RETRY_MS = 2000;
const LONG_OUTAGE_TRIES = 40;
const OPEN_TIMEOUT_MS = 5000;

export interface SocketHooks {
  opened(): void;
  received(message: OutMessage): void;
  lost(): void;
}

export function retryDelay(tries: number): number {
  if (tries > LONG_OUTAGE_TRIES) return LONG_OUTAGE_RETRY_MS;
  return Math.min(FIRST_RETRY_MS * 1.6 ** tries, MAX_RETRY_MS);
}

export class CallSocket {
  private ws: WebSocket | null = null;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;
  private place: string;

  constructor(
    private readonly home: string,
    private readonly env: CallEnv,
    private readonly hooks: SocketHooks,
  ) {
    this.place = home;
  }

  get isOpen(): boolean {
    return this.ws?.readyState === 1;
  }

  connect(): void {
    if (this.ended) return;
    clearTimeout(this.timer);
    const ws = this.env.openSocket(this.place);
    this.ws = ws;
    // A connection attempt into a dead network would else hang for minutes.
    this.timer = setTimeout(() => this.drop(ws), OPEN_TIMEOUT_MS);
    ws.onopen = () => this.onOpen(ws);
    ws.onmessage = (event) => this.onMessage(ws, event);
    ws.onclose = () => this.onClose(ws);
  }

  /** False when the line is down; the caller keeps what must not be lost. */
  send(message: InMessage): boolean {
    if (!this.isOpen) return false;
    this.ws!.send(JSON.stringify(message));
    return true;
  }

  /** The network changed: what is open may be dead without knowing it. */
  reconnect(): void {
    if (this.ended) return;
    this.tries = 0;
    if (this.ws) this.drop(this.ws);
    else this.connect();
  }

  /** The call is on another node: there at once. Should that be lost, home knows where the call is then. */
  move(url: string): void {
    if (this.ended) return;
    const before = this.ws;
    this.ws = null;
    before?.close();
    this.hooks.lost();
    this.place = url;
    this.connect();
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.ws?.close();
    this.ws = null;
  }

  private onOpen(ws: WebSocket): void {
    if (ws !== this.ws) return;
    clearTimeout(this.timer);
    this.hooks.opened();
  }

  private onMessage(ws: WebSocket, event: MessageEvent): void {
    if (ws !== this.ws) return;
    this.tries = 0;
    const message = parse(event.data);
    if (message) this.hooks.received(message);
  }

  private onClose(ws: WebSocket): void {
    if (ws !== this.ws) return;
    this.ws = null;
    this.place = this.home;
    clearTimeout(this.timer);
    if (this.ended) return;
    this.timer = setTimeout(() => this.connect(), retryDelay(this.tries++));
    this.hooks.lost();
  }

  private drop(ws: WebSocket): void {
    ws.close();
    this.onClose(ws); // the close event of a dead line comes minutes later
  }
}

function parse(data: unknown): OutMessage | null {
  try {
    const value = JSON.parse(String(data)) as OutMessage | null;
    return value && typeof value.t === 'string' ? value : null;
  } catch {
    return null;
  }
}
