// A bridge as people write it in Go: paho subscribes, the state is added by decoding and encoding
// JSON, and a hub hands the bytes to one channel and one goroutine per browser. A browser whose
// channel is full is cut off, as in gorilla's chat example.
//
// usage: bridge MQTT_ADDRESS HTTP_ADDRESS TOPIC
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"
)

const (
	sendBuffer = 256
	writeWait  = 10 * time.Second
	pongWait   = 60 * time.Second
	pingPeriod = pongWait * 9 / 10
)

type battery struct {
	UserID         string  `json:"userId"`
	BatteryPercent float64 `json:"batteryPercent"`
	BatteryPower   float64 `json:"batteryPower"`
	Time           int64   `json:"ts"`
	Pad            string  `json:"pad"`
	State          string  `json:"state"`
}

func enrich(payload []byte) (string, []byte, error) {
	var message battery
	if err := json.Unmarshal(payload, &message); err != nil {
		return "", nil, err
	}
	switch {
	case message.BatteryPower > 0:
		message.State = "Charging"
	case message.BatteryPower < 0:
		message.State = "Discharging"
	default:
		message.State = "Idle"
	}
	body, err := json.Marshal(message)
	return message.UserID, body, err
}

type client struct {
	conn   *websocket.Conn
	userID string
	send   chan []byte
}

type update struct {
	userID string
	body   []byte
}

type hub struct {
	clients    map[string]map[*client]bool
	register   chan *client
	unregister chan *client
	updates    chan update
}

func (h *hub) remove(c *client) {
	if h.clients[c.userID][c] {
		delete(h.clients[c.userID], c)
		close(c.send)
	}
}

func (h *hub) run() {
	for {
		select {
		case c := <-h.register:
			if h.clients[c.userID] == nil {
				h.clients[c.userID] = map[*client]bool{}
			}
			h.clients[c.userID][c] = true
		case c := <-h.unregister:
			h.remove(c)
		case u := <-h.updates:
			for c := range h.clients[u.userID] {
				select {
				case c.send <- u.body:
				default:
					h.remove(c)
				}
			}
		}
	}
}

func (c *client) read(h *hub) {
	defer func() {
		h.unregister <- c
		c.conn.Close()
	}()
	c.conn.SetReadLimit(512)
	c.conn.SetReadDeadline(time.Now().Add(pongWait))
	c.conn.SetPongHandler(func(string) error {
		return c.conn.SetReadDeadline(time.Now().Add(pongWait))
	})
	for {
		if _, _, err := c.conn.ReadMessage(); err != nil {
			return
		}
	}
}

func (c *client) write() {
	ping := time.NewTicker(pingPeriod)
	defer func() {
		ping.Stop()
		c.conn.Close()
	}()
	for {
		select {
		case body, ok := <-c.send:
			c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if !ok {
				c.conn.WriteMessage(websocket.CloseMessage, nil)
				return
			}
			if err := c.conn.WriteMessage(websocket.TextMessage, body); err != nil {
				return
			}
		case <-ping.C:
			c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if err := c.conn.WriteMessage(websocket.PingMessage, nil); err != nil {
				return
			}
		}
	}
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: bridge MQTT_ADDRESS HTTP_ADDRESS TOPIC")
	}
	h := &hub{
		clients:    map[string]map[*client]bool{},
		register:   make(chan *client),
		unregister: make(chan *client),
		updates:    make(chan update),
	}
	go h.run()

	topic := os.Args[3]
	options := mqtt.NewClientOptions().AddBroker("tcp://" + os.Args[1]).SetClientID("go-bridge")
	options.SetDefaultPublishHandler(func(_ mqtt.Client, message mqtt.Message) {
		userID, body, err := enrich(message.Payload())
		if err != nil {
			log.Print(err)
			return
		}
		h.updates <- update{userID, body}
	})
	var listening sync.Once
	options.SetOnConnectHandler(func(c mqtt.Client) {
		if token := c.Subscribe(topic, 0, nil); token.Wait() && token.Error() != nil {
			log.Fatal(token.Error())
		}
		// Only now: who finds the port open finds the subscription made.
		listening.Do(func() { go serve(h, os.Args[2]) })
	})
	bridge := mqtt.NewClient(options)
	if token := bridge.Connect(); token.Wait() && token.Error() != nil {
		log.Fatal(token.Error())
	}
	select {}
}

func serve(h *hub, address string) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	http.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		c := &client{conn, r.URL.Query().Get("userId"), make(chan []byte, sendBuffer)}
		h.register <- c
		go c.write()
		go c.read(h)
	})
	log.Fatal(http.ListenAndServe(address, nil))
}
