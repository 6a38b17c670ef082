#include "conformance_server/suite_app.h"

#include <uv.h>

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
    SuiteHandler(SocketIoSocket& socket, uv_loop_t* loop, std::chrono::milliseconds auth_delay)
        : socket_(socket), auth_delay_(auth_delay), timer_(new uv_timer_t) {
        uv_timer_init(loop, timer_);
        timer_->data = this;
    }
    SuiteHandler(const SuiteHandler&) = delete;
    SuiteHandler& operator=(const SuiteHandler&) = delete;
    ~SuiteHandler() override {
        uv_close(reinterpret_cast<uv_handle_t*>(timer_),
                 [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
    }

    void on_connect(std::string_view auth) override ON_LISTENER_THREAD {
        socket_.accept();
        auth_ = auth.empty() ? "{}" : auth;
        if (auth_delay_.count() == 0) return tell_auth();
        uv_timer_start(
            timer_,
            [](uv_timer_t* timer) {
                assert_on_listener_thread();
                static_cast<SuiteHandler*>(timer->data)->tell_auth();
            },
            static_cast<std::uint64_t>(auth_delay_.count()), 0);
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
    void tell_auth() ON_LISTENER_THREAD { socket_.emit("auth", auth_); }

    SocketIoSocket& socket_;
    std::chrono::milliseconds auth_delay_;
    uv_timer_t* timer_;  // the loop's from its close on
    std::string auth_;
};

}  // namespace

std::unique_ptr<SocketIoHandler> SuiteApp::connect(std::string_view name_space,
                                                   SocketIoSocket& socket) {
    if (name_space != "/" && name_space != "/custom") return nullptr;
    return std::make_unique<SuiteHandler>(socket, loop_, auth_delay_);
}

}  // namespace rtbridge
