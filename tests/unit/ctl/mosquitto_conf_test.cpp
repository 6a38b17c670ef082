#include "ctl/mosquitto_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "access/private_folder.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;

class MosquittoConfFile : public testing::Test {
protected:
    MosquittoConf read(const std::string& text) {
        std::ofstream(folder_.path("mosquitto.conf")) << text;
        Diagnostics diagnostics;
        const auto conf = read_mosquitto_conf(folder_.path("mosquitto.conf"), diagnostics);
        mistakes.clear();
        for (const Diagnostic& each : diagnostics.sorted()) {
            mistakes.push_back(std::to_string(each.place.line) + ": " + each.message);
        }
        return conf.value_or(MosquittoConf());
    }

    PrivateFolder folder_;
    std::vector<std::string> mistakes;
};

TEST_F(MosquittoConfFile, IsReadAsMosquittoDoes) {
    const MosquittoConf conf = read(
        "# a remark\n"
        "   listener   1883  127.0.0.1\r\n"
        "allow_anonymous true\n"
        "plugin /usr/lib/my plugin.so \n"
        "plugin_opt_config   /etc/a b.toml\n"
        "auth_opt_other 1\n"
        "\n"
        "listener 9001\n"
        "protocol websockets\n"
        "listener 0 /run/mosquitto.sock\n"
        "password_file /etc/pw\n"
        "user broker\n"
        "connection  edge\n"
        "address 192.0.2.1\n");

    EXPECT_THAT(mistakes, ElementsAre());
    ASSERT_EQ(conf.listeners.size(), 4U);
    EXPECT_THAT(conf.open_listeners(), ElementsAre(1, 2, 3));
    EXPECT_EQ(conf.listeners[1].host, "127.0.0.1");
    EXPECT_EQ(conf.listeners[1].place.line, 2U);
    EXPECT_TRUE(conf.listeners[2].websockets);
    EXPECT_EQ(conf.listeners[3].port, 0);
    ASSERT_EQ(conf.plugins.size(), 1U);
    EXPECT_EQ(conf.plugins[0].path, "/usr/lib/my plugin.so");
    EXPECT_EQ(conf.plugins[0].options.at(0).value, "/etc/a b.toml");
    EXPECT_EQ(conf.plugins[0].options.at(1).name, "other");
    EXPECT_EQ(conf.access.allow_anonymous, true);
    EXPECT_EQ(conf.access.password_file.value, "/etc/pw");
    EXPECT_EQ(conf.user, "broker");
    EXPECT_EQ(conf.bridges.at(0).name, "edge");
    EXPECT_FALSE(conf.local_only());
}

TEST_F(MosquittoConfFile, WithoutListenersIsOnThisMachineAlone) {
    const MosquittoConf conf = read("plugin /usr/lib/rtbridge.so\n");

    EXPECT_TRUE(conf.local_only());
    EXPECT_THAT(conf.open_listeners(), ElementsAre(MosquittoConf::default_listener));
    EXPECT_EQ(conf.listeners[0].port, 1883);
}

TEST_F(MosquittoConfFile, GivesEachListenerItsOwnWherePerListenerSettingsIsOn) {
    const MosquittoConf conf = read(
        "per_listener_settings true\n"
        "listener 1883\nplugin /a.so\nallow_anonymous true\n"
        "listener 1884\nacl_file /acl\n");

    EXPECT_THAT(conf.plugins.at(0).listeners, ElementsAre(1));
    EXPECT_EQ(conf.listeners[1].access.allow_anonymous, true);
    EXPECT_EQ(conf.listeners[2].access.acl_file.value, "/acl");
    EXPECT_THAT(conf.open_listeners(), ElementsAre(1, 2));
}

TEST_F(MosquittoConfFile, PutsAPluginBeforeAllListenersIntoOneOfItsOwn) {
    const MosquittoConf conf = read("per_listener_settings true\nplugin /a.so\nlistener 1884\n");

    EXPECT_THAT(conf.open_listeners(), ElementsAre(0, 1));
    EXPECT_EQ(conf.listeners[0].place.line, 2U);
}

TEST_F(MosquittoConfFile, ReadsAnIncludedDirectoryInTheOrderOfTheBroker) {
    std::filesystem::create_directory(folder_.path("d"));
    std::ofstream(folder_.path("d/b.conf")) << "plugin /b.so\n";
    std::ofstream(folder_.path("d/A.conf")) << "plugin /A.so\n";
    std::ofstream(folder_.path("d/c.txt")) << "plugin /no.so\n";
    std::ofstream(folder_.path("d/.conf")) << "plugin /no.so\n";

    const MosquittoConf conf = read("per_listener_settings true\nlistener 1\ninclude_dir " +
                                    folder_.path("d") + "\nplugin /c.so\n");

    ASSERT_EQ(conf.plugins.size(), 3U);
    EXPECT_EQ(conf.plugins[0].path, "/A.so");
    EXPECT_EQ(conf.plugins[1].path, "/b.so");
    EXPECT_THAT(conf.plugins[1].listeners, ElementsAre(0)) << "a file begins outside of listeners";
    EXPECT_THAT(conf.plugins[2].listeners, ElementsAre(1));
    EXPECT_EQ(conf.plugins[1].place.file, folder_.path("d/b.conf"));
}

TEST_F(MosquittoConfFile, KnowsThePluginLinesOf2_1) {
    const MosquittoConf conf = read(
        "plugin_load rt /usr/lib/rtbridge.so\nplugin_opt_config /c.toml\n"
        "listener 1883\nplugin_use rt\nglobal_plugin /g.so\n");

    ASSERT_EQ(conf.plugins.size(), 2U);
    EXPECT_EQ(conf.plugins[0].name, "rt");
    EXPECT_THAT(conf.plugins[0].listeners, ElementsAre(1));
    EXPECT_TRUE(conf.plugins[1].global);
}

TEST_F(MosquittoConfFile, SaysWhatTheBrokerWouldRefuse) {
    const struct {
        const char* text;
        const char* mistake;
    } cases[] = {
        {"plugin\t/a.so\n",
         "1: Mosquitto takes only blanks between \"plugin\" and its value, not a tab"},
        {"plugin /a.so # mine\n",
         "1: Mosquitto takes \"/a.so # mine\" for the name of a file: a comment needs a line of "
         "its own"},
        {"\nplugin\n", "2: a plugin without a file"},
        {"plugin_opt_config /a\n", "1: plugin_opt_config has no plugin line above it"},
        {"plugin /a.so\nplugin_opt_cf /a\n",
         "2: the name of a plugin_opt_ has three letters or more"},
        {"plugin /a.so\nplugin_opt_config\n", "2: plugin_opt_config has no value"},
        {"listener http\n", "1: \"http\" is no port"},
        {"allow_anonymous yes\n", "1: allow_anonymous is \"yes\", neither true nor false"},
        {"plugin_use rt\n", "1: plugin_use names \"rt\", which no plugin_load above names"},
        {"include_dir /nonexistent\n",
         "1: cannot read include_dir \"/nonexistent\": No such file or directory"},
    };
    for (const auto& c : cases) {
        (void)read(c.text);
        EXPECT_THAT(mistakes, ElementsAre(c.mistake)) << c.text;
    }
}

TEST(MosquittoConf, ThatIsNotThereIsAnError) {
    Diagnostics diagnostics;

    EXPECT_FALSE(read_mosquitto_conf("/nonexistent/mosquitto.conf", diagnostics));
    EXPECT_EQ(diagnostics.sorted().at(0).message,
              "cannot read the file: No such file or directory");
}

}  // namespace
}  // namespace rtbridge
