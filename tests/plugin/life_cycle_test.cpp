// Load, refuse, reload, unload.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "broker.h"
#include "http_client.h"
#include "websocket_client.h"

namespace rtbridge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view replacing_rule = R"(
[[rule]]
name = "battery"
topics = ["battery/#"]
battery = {}
mqtt = "replace"
)";

// A socket of the test that has a port of 127.0.0.1 for itself.
class TakenPort {
public:
    TakenPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof(address_);
        auto* generic = reinterpret_cast<sockaddr*>(&address_);
        EXPECT_EQ(::bind(fd_, generic, length), 0);
        EXPECT_EQ(::listen(fd_, 1), 0);
        EXPECT_EQ(::getsockname(fd_, generic, &length), 0);
    }
    ~TakenPort() { ::close(fd_); }
    TakenPort(const TakenPort&) = delete;
    TakenPort& operator=(const TakenPort&) = delete;

    [[nodiscard]] std::string number() const { return std::to_string(ntohs(address_.sin_port)); }

private:
    int fd_;
    sockaddr_in address_{};
};

TEST(Load, TheListenerIsUpWhenInitReturns) {
    Broker broker;

    ASSERT_EQ(broker.load_rules(""), MOSQ_ERR_SUCCESS) << broker.whole_log();

    ASSERT_NE(broker.port(), 0) << broker.whole_log();
    const std::optional<HttpResponse> alive = http_get(broker.port(), "/healthz");
    ASSERT_TRUE(alive);
    EXPECT_EQ(alive->status, 200);
}

// Runs `test` where 127.0.0.1:8080 is free and /etc/rtbridge is empty: in namespaces of its thread.
template <typename Test>
void on_a_bare_machine(Test test) {
    bool possible = false;
    std::thread([&] {
        if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return;
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        if (std::filesystem::exists("/etc/rtbridge") &&
            ::mount("none", "/etc/rtbridge", "tmpfs", 0, nullptr) != 0) {
            return;
        }
        const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ifreq loopback{};
        std::strcpy(loopback.ifr_name, "lo");
        loopback.ifr_flags = IFF_UP;
        possible = ::ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
        ::close(fd);
        if (possible) test();
    }).join();
    if (!possible) GTEST_SKIP() << "needs the right to make a network namespace";
}

TEST(Load, WithoutAnyOptionTheBuiltInDefaultsRunAndTheLogSaysSo) {
    on_a_bare_machine([] {
        Broker broker;

        ASSERT_EQ(broker.load({}), MOSQ_ERR_SUCCESS) << broker.whole_log();

        EXPECT_EQ(broker.port(), 8080) << broker.whole_log();
        EXPECT_THAT(broker.whole_log(), HasSubstr("built-in defaults"));
    });
}

TEST(Load, OnlyTheEventsInUseAreRegistered) {
    // Registering ACL_CHECK or BASIC_AUTH would make the plugin part of every decision of the
    // broker.
    Broker broker;

    ASSERT_EQ(broker.load_rules(replacing_rule), MOSQ_ERR_SUCCESS) << broker.whole_log();

    for (const int used : {MOSQ_EVT_MESSAGE, MOSQ_EVT_TICK, MOSQ_EVT_RELOAD}) {
        EXPECT_EQ(fake_broker_callback_count(used), 1U) << "event " << used;
    }
    EXPECT_EQ(fake_broker_callback_count(0), 3U);
}

std::vector<std::string> threads() {
    std::vector<std::string> ids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        ids.push_back(entry.path().filename());
    }
    return ids;
}

// The signals that a thread blocks, bit n - 1 for signal n.
std::uint64_t blocked_signals(const std::string& thread) {
    std::ifstream status("/proc/self/task/" + thread + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("SigBlk:")) return std::stoull(line.substr(7), nullptr, 16);
    }
    return 0;
}

constexpr int signals_of_the_broker[] = {SIGHUP,  SIGINT,  SIGTERM, SIGUSR1,
                                         SIGUSR2, SIGPIPE, SIGCHLD, SIGALRM};

TEST(Load, ItsThreadsLeaveEverySignalToTheBroker) {
    const std::vector<std::string> before = threads();
    Broker broker;
    ASSERT_EQ(broker.load_rules(""), MOSQ_ERR_SUCCESS) << broker.whole_log();

    std::size_t own = 0;
    for (const std::string& thread : threads()) {
        if (std::find(before.begin(), before.end(), thread) != before.end()) continue;
        ++own;
        for (const int signal : signals_of_the_broker) {
            EXPECT_NE(blocked_signals(thread) >> (signal - 1) & 1U, 0U) << strsignal(signal);
        }
    }
    EXPECT_GT(own, 0U);
}

TEST(Load, NoSignalHandlerOfTheBrokerIsReplaced) {
    const auto handler_of = [](int signal) {
        struct sigaction action {};
        ::sigaction(signal, nullptr, &action);
        return action.sa_handler;
    };
    ::signal(SIGPIPE, SIG_IGN);  // as mosquitto does before it loads plugins; lws would do it too
    std::vector<void (*)(int)> before;
    for (const int signal : signals_of_the_broker) before.push_back(handler_of(signal));
    Broker broker;

    ASSERT_EQ(broker.load_rules(""), MOSQ_ERR_SUCCESS) << broker.whole_log();

    std::vector<void (*)(int)> after;
    for (const int signal : signals_of_the_broker) after.push_back(handler_of(signal));
    EXPECT_EQ(before, after);
}

TEST(Load, AnUnknownOptionIsRefusedByName) {
    Broker broker;
    const std::string path = broker.write_config(Broker::any_port);

    EXPECT_NE(broker.load({{"config", path.c_str()}, {"confg", "x"}}), MOSQ_ERR_SUCCESS);

    EXPECT_THAT(broker.errors(), ElementsAre(HasSubstr("confg")));
    EXPECT_EQ(fake_broker_callback_count(0), 0U);
}

TEST(Load, AConfigOptionWithoutAFileIsRefused) {
    for (const char* value : {static_cast<const char*>(nullptr), ""}) {
        Broker broker;
        EXPECT_NE(broker.load({{"config", value}}), MOSQ_ERR_SUCCESS);
        EXPECT_THAT(broker.errors(), ElementsAre(HasSubstr("config")));
    }
}

TEST(Load, AMissingFileIsRefusedByName) {
    Broker broker;
    const std::string path = broker.path_of("nowhere.toml");

    EXPECT_NE(broker.load({{"config", path.c_str()}}), MOSQ_ERR_SUCCESS);

    EXPECT_THAT(broker.errors(), ElementsAre(AllOf(HasSubstr(path), HasSubstr("No such file"))));
}

TEST(Load, ADirectoryIsNoConfiguration) {
    Broker broker;
    const std::string path = broker.path_of("");

    EXPECT_NE(broker.load({{"config", path.c_str()}}), MOSQ_ERR_SUCCESS);

    EXPECT_THAT(broker.errors(), ElementsAre(HasSubstr(path)));
}

TEST(Load, AWrongFileIsRefusedWithLineAndColumnOfEveryMistake) {
    Broker broker;
    const std::string path = broker.write_config(
        "[listener]\n"
        "bind = 7\n"
        "\n"
        "[[rule]]\n"
        "name = \"a\"\n"
        "topics = [\"a/#/b\"]\n"
        "tpoics = []\n");

    EXPECT_NE(broker.load({{"config", path.c_str()}}), MOSQ_ERR_SUCCESS);

    EXPECT_THAT(broker.errors(), Contains(HasSubstr(path + ":2:8: ")));
    EXPECT_THAT(broker.errors(), Contains(AllOf(HasSubstr(path + ":7:1: "), HasSubstr("tpoics"))));
}

TEST(Load, ATakenPortIsRefusedWithTheAddressAndTheReason) {
    Broker broker;
    const TakenPort taken;
    const std::string path =
        broker.write_config("[listener]\nbind = \"127.0.0.1:" + taken.number() + "\"\n");

    EXPECT_NE(broker.load({{"config", path.c_str()}}), MOSQ_ERR_SUCCESS);

    EXPECT_THAT(broker.errors(),
                ElementsAre(AllOf(HasSubstr(path), HasSubstr("127.0.0.1:" + taken.number()),
                                  HasSubstr("in use"))));
}

TEST(Load, AnotherInterfaceThanLoopbackNeedsAnonymousAccessSaidAloud) {
    {
        Broker broker;
        const std::string path = broker.write_config("[listener]\nbind = \"0.0.0.0:0\"\n");
        EXPECT_NE(broker.load({{"config", path.c_str()}}), MOSQ_ERR_SUCCESS);
        EXPECT_THAT(broker.errors(),
                    ElementsAre(AllOf(HasSubstr(path + ":2:"), HasSubstr("auth"))));
    }
    Broker broker;
    const std::string path = broker.write_config(
        "[listener]\nbind = \"0.0.0.0:0\"\n[auth]\nanonymous = \"role:viewer\"\n");
    EXPECT_EQ(broker.load({{"config", path.c_str()}}), MOSQ_ERR_SUCCESS) << broker.whole_log();
}

TEST(Load, AfterARefusalNothingIsLeftAndAGoodStartWorks) {
    // 2.0 calls no cleanup after a failed init, so init itself must leave nothing behind.
    const TakenPort taken;
    {
        Broker broker;
        const std::size_t threads = thread_count();
        const std::string path =
            broker.write_config("[listener]\nbind = \"127.0.0.1:" + taken.number() + "\"\n");
        ASSERT_NE(broker.load({{"config", path.c_str()}}), MOSQ_ERR_SUCCESS);
        EXPECT_TRUE(threads_fall_to(threads)) << thread_count();
        EXPECT_EQ(fake_broker_callback_count(0), 0U);
    }
    Broker broker;

    EXPECT_EQ(broker.load_rules(""), MOSQ_ERR_SUCCESS) << broker.whole_log();
}

TEST(Load, ASecondInitIsRefusedInWordsAndTheFirstGoesOnWorking) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(replacing_rule), MOSQ_ERR_SUCCESS) << broker.whole_log();
    const std::string path = broker.path_of("rtbridge.toml");

    EXPECT_NE(broker.load({{"config", path.c_str()}}), MOSQ_ERR_SUCCESS);

    EXPECT_THAT(broker.errors(), ElementsAre(HasSubstr("twice")));
    EXPECT_EQ(broker.publish({"battery/1", R"({"batteryPower":5})"}).payload,
              R"({"batteryPower":5,"state":"Charging"})");
    EXPECT_TRUE(http_get(broker.port(), "/healthz"));
}

TEST(Unload, LeavesNothingBehindEvenWithBrowsersConnected) {
    Broker broker;  // its end looks for threads, memory and registrations
    ASSERT_EQ(broker.load_rules(replacing_rule), MOSQ_ERR_SUCCESS) << broker.whole_log();
    std::optional<WebSocketClient> browser = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(browser);
    const std::optional<TcpStream> silent = TcpStream::connect(broker.port());

    broker.unload();

    const std::optional<WebSocketFrame> frame = browser->read_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->kind, WebSocketFrame::Kind::Close);
    EXPECT_FALSE(http_get(broker.port(), "/healthz"));
}

TEST(Unload, CanBeFollowedByAnotherLoadTwentyTimes) {
    for (int i = 0; i < 20; ++i) {
        Broker broker;
        ASSERT_EQ(broker.load_rules(replacing_rule), MOSQ_ERR_SUCCESS) << broker.whole_log();
        EXPECT_TRUE(broker.publish({"battery/1", R"({"batteryPower":5})"}).replaced);
        broker.tick();
    }
}

// Any other answer ends a chain of plugins on 2.0 and the broker itself on 2.1.
int harmless_reload_answer() {
    return fake_broker_is_2_1() ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER;
}

TEST(Reload, TakesTheNewRules) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(""), MOSQ_ERR_SUCCESS) << broker.whole_log();
    ASSERT_FALSE(broker.publish({"battery/1", R"({"batteryPower":5})"}).replaced);
    broker.write_config(std::string(Broker::any_port) + std::string(replacing_rule));

    EXPECT_EQ(broker.reload(), harmless_reload_answer());

    EXPECT_TRUE(broker.publish({"battery/1", R"({"batteryPower":5})"}).replaced);
    EXPECT_THAT(broker.errors(), IsEmpty());
}

TEST(Reload, OfABrokenFileKeepsTheOldRulesAndSaysWhereItIsBroken) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(replacing_rule), MOSQ_ERR_SUCCESS) << broker.whole_log();
    const std::string path = broker.write_config("[listener]\nbnid = \"127.0.0.1:0\"\n");

    EXPECT_EQ(broker.reload(), harmless_reload_answer());

    EXPECT_THAT(broker.errors(), Contains(HasSubstr(path + ":2:1: ")));
    EXPECT_TRUE(broker.publish({"battery/1", R"({"batteryPower":5})"}).replaced);
    broker.tick();
    const std::optional<HttpResponse> status = http_get(broker.port(), "/api/status");
    ASSERT_TRUE(status);
    EXPECT_THAT(status->body, HasSubstr(path + ":2:1: "));
}

TEST(Reload, OfAFileThatVanishedKeepsTheOldRules) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(replacing_rule), MOSQ_ERR_SUCCESS) << broker.whole_log();
    std::filesystem::remove(broker.path_of("rtbridge.toml"));

    EXPECT_EQ(broker.reload(), harmless_reload_answer());

    EXPECT_THAT(broker.errors(), Contains(HasSubstr(broker.path_of("rtbridge.toml"))));
    EXPECT_TRUE(broker.publish({"battery/1", R"({"batteryPower":5})"}).replaced);
}

TEST(Reload, OfAnotherBindWaitsForARestartAndSaysSo) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(""), MOSQ_ERR_SUCCESS) << broker.whole_log();
    const std::uint16_t port = broker.port();
    const TakenPort other;
    broker.write_config("[listener]\nbind = \"127.0.0.1:" + other.number() + "\"\n" +
                        std::string(replacing_rule));

    EXPECT_EQ(broker.reload(), harmless_reload_answer());

    EXPECT_THAT(broker.log(MOSQ_LOG_WARNING), Contains(HasSubstr("bind")));
    EXPECT_TRUE(http_get(port, "/healthz"));
    EXPECT_TRUE(broker.publish({"battery/1", R"({"batteryPower":5})"}).replaced);
}

}  // namespace
}  // namespace rtbridge
