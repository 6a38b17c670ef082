// A bridge as people write it with the npm packages mqtt and socket.io.
// usage: node socketio_bridge.mjs MQTT_ADDRESS HTTP_ADDRESS TOPIC

import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { subscribe } from './battery.mjs';

const [mqttAddress, httpAddress, topic] = process.argv.slice(2);
const http = createServer();
const io = new Server(http, { cors: { origin: '*' } });
io.on('connection', (socket) => socket.join(socket.handshake.query.userId));

await subscribe(mqttAddress, topic, (battery) => {
  io.to(battery.userId).emit('battery', battery);
});

const [host, port] = httpAddress.split(':');
http.listen(Number(port), host);
