import { WebSocket } from 'ws';
import type { CaseContext } from './conformance-case.js';
import { ScriptedPeer, type Wire } from './scripted-peer.js';

/** A connection over a WebSocket: each write is one binary frame. */
export async function openWebSocket(context: CaseContext, protocols: string[] = ['mqtt']) {
  const socket = new WebSocket(`ws://127.0.0.1:${context.broker.webSocketPort}/mqtt`, protocols);
  const frames: { readonly length: number; readonly isBinary: boolean }[] = [];
  const wire: Wire = {
    write: (bytes) => socket.send(bytes),
    cut: () => socket.terminate(),
    onBytes: () => undefined,
    onClosed: () => undefined,
  };
  socket.on('message', (bytes: Buffer, isBinary) => {
    frames.push({ length: bytes.length, isBinary });
    wire.onBytes(bytes);
  });
  socket.on('close', () => wire.onClosed());
  const peer = context.add(new ScriptedPeer(wire, context.level));
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => resolve());
    socket.on('error', reject);
  });
  return { peer, socket, frames };
}
