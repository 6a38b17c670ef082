#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fakes/fake_clock.h"
#include "transport/engineio_payload.h"
#include "transport/engineio_server.h"
#include "transport/socketio_server.h"

// What a polling client posts: packets or a mistake; and whatever they are, a session of Socket.IO
// takes them, or ends.

namespace rtbridge {
namespace {

// What was read, written and read again, is the same.
void check_round_trip(std::string_view text) {
    using Read = EngineIoPayloadReader::Read;
    EngineIoPayload payload;
    EngineIoPayloadReader reader(text);
    for (Read read = reader.next(); read != Read::End; read = reader.next()) {
        if (read == Read::Mistake) return;
        if (read == Read::Binary) {
            payload.add_binary(reader.binary());
        } else {
            payload.add_text(engineio_packet(reader.text().type, reader.text().data));
        }
    }
    const std::string written = payload.take();
    EngineIoPayloadReader first(text);
    EngineIoPayloadReader second(written);
    while (true) {
        const Read read = first.next();
        if (read != second.next()) __builtin_trap();
        if (read == Read::End) return;
        if (read == Read::Binary && first.binary() != second.binary()) __builtin_trap();
        if (read == Read::Text && first.text().data != second.text().data) __builtin_trap();
    }
}

// Lets everyone in and answers everything.
class EverythingApp final : public SocketIoApp {
public:
    class Handler final : public SocketIoHandler {
    public:
        explicit Handler(SocketIoSocket& socket) : socket_(socket) {}
        void on_connect(std::string_view /*auth*/) override ON_LISTENER_THREAD { socket_.accept(); }
        void on_event(const SocketIoEvent& event) override ON_LISTENER_THREAD {
            std::string arguments = "0";
            for (const std::string_view argument : event.arguments) {
                arguments.append(",").append(argument);
            }
            socket_.emit(event.name, arguments, event.attachments);
            if (event.ack_id) socket_.acknowledge(*event.ack_id, arguments, event.attachments);
            if (event.name == "d") socket_.disconnect();
            if (event.name == "c") socket_.close(CloseCode::Forbidden, "");
        }
        void on_disconnect(std::string_view /*reason*/) override {}

    private:
        SocketIoSocket& socket_;
    };
    std::unique_ptr<SocketIoHandler> connect(std::string_view /*name_space*/,
                                             SocketIoSocket& socket) override {
        return std::make_unique<Handler>(socket);
    }
};

HttpRequest request_of(HttpMethod method, const std::string& sid) {
    HttpRequest request;
    request.method = method;
    request.query = {{"EIO", "4"}, {"transport", "polling"}};
    if (!sid.empty()) request.query.emplace_back("sid", sid);
    return request;
}

void post_to_a_session(std::string_view text) ON_LISTENER_THREAD {
    static Metrics metrics;
    static FakeClock clock;
    static SharedConnections connections{1000};
    EverythingApp app;
    SocketIoServer server({app, metrics, clock, connections}, {}, {});
    EngineIoServer& engine = server.engine();
    const auto opened =
        std::get<HttpReply>(engine.answer(request_of(HttpMethod::Get, ""), {})).body;
    const std::string sid = opened.substr(8, opened.find('"', 8) - 8);
    HttpRequest post = request_of(HttpMethod::Post, sid);
    for (const std::string_view body : {std::string_view("40"), text, text}) {
        post.body = body;
        (void)engine.answer(post, {});
        (void)engine.answer(request_of(HttpMethod::Get, sid), {});
    }
    // Once for the ping, which counts from when it leaves, and once for its answer.
    for (int i = 0; i < 2; ++i) {
        clock.advance(std::chrono::minutes(2));
        while (engine.next_deadline() && *engine.next_deadline() <= clock.now()) {
            engine.check(clock.now());
        }
    }
    if (engine.size() != 0) __builtin_trap();  // nobody answered a ping
}

}  // namespace
}  // namespace rtbridge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rtbridge;
    is_listener_thread = true;
    assert_on_listener_thread();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_round_trip(text);
    post_to_a_session(text);
    return 0;
}
