// A bridge as people write it with the npm packages mqtt and ws.
// usage: node ws_bridge.mjs MQTT_ADDRESS HTTP_ADDRESS TOPIC

import { WebSocketServer, WebSocket } from 'ws';
import { subscribe } from './battery.mjs';

const [mqttAddress, httpAddress, topic] = process.argv.slice(2);
const browsers = new Map(); // user id -> set of sockets

await subscribe(mqttAddress, topic, (battery) => {
  const body = JSON.stringify(battery);
  for (const socket of browsers.get(battery.userId) ?? []) {
    if (socket.readyState === WebSocket.OPEN) socket.send(body);
  }
});

const [host, port] = httpAddress.split(':');
const server = new WebSocketServer({ host, port: Number(port), path: '/ws' });
server.on('connection', (socket, request) => {
  const userId = new URL(request.url, 'http://localhost').searchParams.get('userId');
  if (!browsers.has(userId)) browsers.set(userId, new Set());
  browsers.get(userId).add(socket);
  socket.on('close', () => browsers.get(userId).delete(socket));
  socket.on('error', console.error);
});
