#include "ctl/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

namespace rtbridge {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Accepts one connection on a port of the kernel's choice, reads one request, sends `answer`,
// closes.
class OneAnswerServer {
public:
    explicit OneAnswerServer(std::string_view answer)
        : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listening_, 1), 0);
        EXPECT_EQ(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this, answer = std::string(answer)] { serve(answer); });
    }
    OneAnswerServer(const OneAnswerServer&) = delete;
    OneAnswerServer& operator=(const OneAnswerServer&) = delete;
    ~OneAnswerServer() {
        if (thread_.joinable()) thread_.join();
        ::close(listening_);
    }

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(port_) + "/readyz";
    }
    // REQUIRES: the one answer was received.
    [[nodiscard]] const std::string& request() {
        if (thread_.joinable()) thread_.join();
        return request_;
    }

private:
    void serve(const std::string& answer) {
        const int connection = ::accept(listening_, nullptr, nullptr);
        char part[1024];
        while (request_.find("\r\n\r\n") == std::string::npos) {
            const ssize_t got = ::recv(connection, part, sizeof part, 0);
            if (got <= 0) break;
            request_.append(part, static_cast<std::size_t>(got));
        }
        EXPECT_EQ(::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(answer.size()));
        ::close(connection);
    }

    int listening_;
    std::uint16_t port_ = 0;
    std::string request_;
    std::jthread thread_;
};

TEST(Doctor, FollowsTheStatusOfTheAnswer) {
    const struct {
        std::string_view answer, line;
        int exit_code;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "ready\n", 0},
        {"HTTP/1.1 503 Service Unavailable\r\n\r\n{\"error\":{}}\n",
         "not ready: HTTP 503 {\"error\":{}}\n", 1},
        {"HTTP/1.1 404 Not Found\r\n\r\n", "not ready: HTTP 404 \n", 1},
        {"SSH-2.0-OpenSSH_9.2\r\n", "not ready: the answer is not HTTP\n", 1},
        {"HTTP/1.1 2x0 OK\r\n\r\n", "not ready: the answer is not HTTP\n", 1},
        {"", "not ready: the answer is not HTTP\n", 1},
        {"HTTP/1.1 503 x\r\n\r\nforged\nready", "not ready: HTTP 503 forged\\x0Aready\n", 1},
    };
    for (const auto& c : cases) {
        OneAnswerServer server(c.answer);
        std::ostringstream out;

        EXPECT_EQ(doctor_ready(server.url(), out), c.exit_code) << c.answer;
        EXPECT_THAT(out.str(), testing::StrCaseEq(std::string(c.line))) << c.answer;
    }
}

TEST(Doctor, AsksForTheGivenPathAndNamesTheHost) {
    OneAnswerServer server("HTTP/1.1 200 OK\r\n\r\n");
    std::ostringstream out;

    EXPECT_EQ(doctor_ready(server.url(), out), 0);

    EXPECT_THAT(server.request(), StartsWith("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"));
    EXPECT_THAT(server.request(), HasSubstr("\r\nConnection: close\r\n"));
}

TEST(Doctor, ABrokerThatIsNotThereIsNotReady) {
    std::ostringstream out;

    // Port 1 of the loopback: nothing listens there, and nothing may without being root.
    EXPECT_EQ(doctor_ready("http://127.0.0.1:1", out), 1);
    EXPECT_EQ(out.str(), "not ready: cannot connect: Connection refused\n");
}

TEST(Doctor, RefusesWhatIsNotAUrlOfABroker) {
    for (const std::string_view url :
         {"", "127.0.0.1:8080", "ftp://127.0.0.1/", "http://", "http://:8080/", "http://host:/",
          "http://host/a b", "http://host/\r\nX-Forged: 1"}) {
        std::ostringstream out;

        EXPECT_EQ(doctor_ready(url, out), 1) << url;
        EXPECT_THAT(out.str(), StartsWith("not ready: not a URL")) << url;
    }
}

}  // namespace
}  // namespace rtbridge
