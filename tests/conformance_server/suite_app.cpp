#include "conformance_server/suite_app.h"

#include <string>

namespace rtbridge {
namespace {

std::string joined(const std::vector<std::string_view>& arguments) {
    std::string text;
    for (const std::string_view argument : arguments) {
        if (!text.empty()) text += ',';
        text += argument;
    }
    return text;
}

class SuiteHandler final : public SocketIoHandler {
public:
    explicit SuiteHandler(SocketIoSocket& socket) : socket_(socket) {}
    void on_connect(std::string_view auth) override ON_LISTENER_THREAD {
        socket_.accept();
        socket_.emit("auth", auth.empty() ? "{}" : auth);
    }
    void on_event(const SocketIoEvent& event) override ON_LISTENER_THREAD {
        const std::string arguments = joined(event.arguments);
        if (event.name == "message") socket_.emit("message-back", arguments, event.attachments);
        if (event.name == "message-with-ack" && event.ack_id) {
            socket_.acknowledge(*event.ack_id, arguments, event.attachments);
        }
        // Not of the suites.
        if (event.name == "leave-me") socket_.disconnect();
        if (event.name == "close-me") socket_.close(CloseCode::Forbidden, "as you wish");
    }
    void on_disconnect(std::string_view /*reason*/) override {}

private:
    SocketIoSocket& socket_;
};

}  // namespace

std::unique_ptr<SocketIoHandler> SuiteApp::connect(std::string_view name_space,
                                                   SocketIoSocket& socket) {
    if (name_space != "/" && name_space != "/custom") return nullptr;
    return std::make_unique<SuiteHandler>(socket);
}

}  // namespace rtbridge
