/* How good the line is, and what comes in, from the browser's statistics. */
import type { Downward } from './downward';
import type { Quality } from './messages';

export interface LineSample {
  received: number;
  lost: number;
  sentLoss: number;
  rttMs: number;
}

/** Thresholds of call_quality in spec/states.def. */
export function judge(lossShare: number, rttMs: number): Quality {
  if (lossShare < 0.03 && rttMs < 250) return 'good';
  return lossShare < 0.1 && rttMs < 600 ? 'fair' : 'poor';
}

export function lossBetween(before: LineSample, now: LineSample): number {
  const received = Math.max(0, now.received - before.received);
  const lost = Math.max(0, now.lost - before.lost);
  const share = received + lost > 0 ? lost / (received + lost) : 0;
  return Math.max(share, now.sentLoss);
}

type Report = { type: string; [key: string]: unknown };

/** Whatever has statistics: a PeerConnection, a sender, a receiver. */
export interface Measured {
  getStats(): Promise<{ forEach(take: (report: Report) => void): void }>;
}

export async function sampleLine(sources: (Measured | null | undefined)[]): Promise<LineSample> {
  const sample: LineSample = { received: 0, lost: 0, sentLoss: 0, rttMs: 0 };
  for (const source of sources) {
    if (source) for (const report of await reports(source)) addReport(sample, report);
  }
  return sample;
}

function addReport(sample: LineSample, report: Report): void {
  if (report.type === 'inbound-rtp') {
    sample.received += number(report.packetsReceived);
    sample.lost += number(report.packetsLost);
  } else if (report.type === 'remote-inbound-rtp') {
    sample.sentLoss = Math.max(sample.sentLoss, number(report.fractionLost));
    sample.rttMs = Math.max(sample.rttMs, number(report.roundTripTime) * 1000);
  } else if (report.type === 'candidate-pair' && report.nominated) {
    sample.rttMs = Math.max(sample.rttMs, number(report.currentRoundTripTime) * 1000);
  }
}

export interface InboundStats {
  connection: string;
  kind: string;
  framesDecoded: number;
  packetsReceived: number;
  bytesReceived: number;
}

/** What comes in, for each remote connection and kind. */
export async function inboundStats(down: Downward | null): Promise<InboundStats[]> {
  if (!down?.pc) return [];
  const found: InboundStats[] = [];
  for (const report of await reports(down.pc)) {
    const owner = report.type === 'inbound-rtp' ? down.owner(String(report.mid)) : undefined;
    if (!owner?.connection || !owner.kind) continue;
    found.push(inbound(owner.connection, owner.kind, report));
  }
  return found;
}

function inbound(connection: string, kind: string, report: Report): InboundStats {
  return {
    connection,
    kind,
    framesDecoded: number(report.framesDecoded),
    packetsReceived: number(report.packetsReceived),
    bytesReceived: number(report.bytesReceived),
  };
}

/** The same of one receiver. */
export async function receiverStats(connection: string, kind: string, receiver: Measured): Promise<InboundStats[]> {
  const found = await reports(receiver);
  return found.filter((report) => report.type === 'inbound-rtp').map((report) => inbound(connection, kind, report));
}

/** Loudness of one's own voice, 0 to 1. */
export async function ownLevel(up: Measured | null): Promise<number> {
  if (!up) return 0;
  const source = (await reports(up)).find((report) => report.type === 'media-source' && report.kind === 'audio');
  return number(source?.audioLevel);
}

async function reports(measured: Measured): Promise<Report[]> {
  const found: Report[] = [];
  (await measured.getStats()).forEach((report) => found.push(report));
  return found;
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
