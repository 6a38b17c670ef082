#include "config/restart_required.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(RestartRequired, NamesTheBindThatAReloadCannotChange) {
    ListenerConfig running;
    ListenerConfig loaded;
    EXPECT_TRUE(restart_required(running, loaded).empty());

    loaded.bind.port = 9090;

    EXPECT_EQ(restart_required(running, loaded), std::vector<std::string>{"listener.bind"});
}

TEST(RestartRequired, NamesTlsThatGoesOnOrOffButNotAnotherCertificate) {
    ListenerConfig running;
    ListenerConfig loaded;
    loaded.tls = {{"cert.pem", {}}, {"key.pem", {}}};
    EXPECT_EQ(restart_required(running, loaded), std::vector<std::string>{"listener.tls"});
    EXPECT_EQ(restart_required(loaded, running), std::vector<std::string>{"listener.tls"});

    running.tls = {{"old.pem", {}}, {"old-key.pem", {}}};

    EXPECT_TRUE(restart_required(running, loaded).empty());
}

TEST(RestartRequired, NamesTheNumberOfThreads) {
    ListenerConfig running;
    ListenerConfig loaded;
    loaded.threads = 4;

    EXPECT_EQ(restart_required(running, loaded), std::vector<std::string>{"listener.threads"});
}

TEST(RestartRequired, NamesTheDirectoryOfFiles) {
    ListenerConfig running;
    ListenerConfig loaded;
    loaded.www = {"/srv/www", {"file", 1, 1}};
    EXPECT_EQ(restart_required(running, loaded), std::vector<std::string>{"listener.www"});

    running.www = {"/srv/www", {"file", 2, 1}};
    EXPECT_TRUE(restart_required(running, loaded).empty());
}

TEST(RestartRequired, TheRestOfTheListenerReloads) {
    ListenerConfig running;
    ListenerConfig loaded;
    loaded.origins = {"*"};
    loaded.dashboard = false;
    loaded.bind_place = {"other.toml", 7, 1};

    EXPECT_TRUE(restart_required(running, loaded).empty());
}

}  // namespace
}  // namespace rtbridge
