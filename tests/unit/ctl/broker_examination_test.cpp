#include "ctl/broker_examination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "access/private_folder.h"
#include "ctl/doctor_conf.h"

namespace rtbridge {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr BrokerVersion debian{2, 0, 11};

class BrokerExamination : public testing::Test {
protected:
    BrokerExamination() {
        so_ = folder_.write("rtbridge.so", "", 0644);
        const passwd* const me = ::getpwuid(::geteuid());
        me_ = me != nullptr ? me->pw_name : "root";
        if (me_ != "root") return;
        me_ = "nobody";  // a broker of root's would be a finding
        EXPECT_EQ(::chmod(folder_.path("").c_str(), 0755), 0);
    }

    // "warning: text -> advice", of a mosquitto.conf in which SO stands for our plugin's path.
    std::vector<std::string> findings(std::string text, const Config* config,
                                      std::optional<BrokerVersion> version = debian) {
        for (std::size_t at; (at = text.find("SO")) != std::string::npos;) text.replace(at, 2, so_);
        if (text.find("user ") == std::string::npos) text += "\nuser " + me_ + "\n";
        folder_.write("mosquitto.conf", text);
        Diagnostics diagnostics;
        const auto conf = read_mosquitto_conf(folder_.path("mosquitto.conf"), diagnostics);
        EXPECT_FALSE(diagnostics.has_errors());
        std::vector<std::string> lines;
        for (const Finding& finding : examine_broker(*conf, config, version)) {
            constexpr const char* names[] = {"ok: ", "warning: ", "error: "};
            lines.push_back(names[static_cast<std::size_t>(finding.level)] + finding.text +
                            (finding.advice.empty() ? "" : " -> " + finding.advice));
        }
        return lines;
    }
    std::vector<std::string> findings(const std::string& text) { return findings(text, &plain_); }

    static Config with_acl() {
        Config config = Config::built_in();
        config.acl.emplace();
        return config;
    }
    static Config with_logins() {
        Config config = Config::built_in();
        config.auth.emplace().mqtt = true;
        return config;
    }

    PrivateFolder folder_;
    std::string so_, me_;
    const Config plain_ = Config::built_in();
    const Config acl_ = with_acl();
    const Config logins_ = with_logins();
};

TEST_F(BrokerExamination, FindsNothingWrongWithAGoodBroker) {
    const auto found =
        findings("listener 1883\nallow_anonymous false\npassword_file /x\nplugin SO\n", &acl_);

    EXPECT_THAT(found, Not(Contains(HasSubstr("warning: "))));
    EXPECT_THAT(found, Not(Contains(HasSubstr("error: "))));
    EXPECT_THAT(found, Contains("ok: mosquitto 2.0.11"));
    EXPECT_THAT(found, Contains(HasSubstr("ok: libwebsockets 4.")));
    EXPECT_THAT(found, Contains("ok: rtbridge.so is loaded once, " + so_));
    EXPECT_THAT(found, Contains("ok: 1 listener, which runs through rtbridge"));
    EXPECT_THAT(found, Contains("ok: MQTT clients have to log in"));
    EXPECT_THAT(found, Contains(HasSubstr("ok: [acl] decides for MQTT clients and browsers")));
}

TEST_F(BrokerExamination, SaysWhetherThePluginIsLoadedOnce) {
    EXPECT_THAT(
        findings("listener 1883\nallow_anonymous true\n"),
        Contains(AllOf(HasSubstr("error: no line of "),
                       HasSubstr(" loads rtbridge.so -> add `plugin /usr/lib/rtbridge.so`"))));
    EXPECT_THAT(findings("plugin SO\nplugin SO\n"),
                Contains("error: rtbridge.so is loaded 2 times; the second one refuses to start -> "
                         "keep one of these lines"));
    EXPECT_THAT(findings("plugin /nonexistent/rtbridge.so\n"),
                Contains(HasSubstr("error: there is no file \"/nonexistent/rtbridge.so\"")));
    EXPECT_THAT(findings("plugin_load rt SO\nlistener 1883\n", &plain_, BrokerVersion{2, 1, 2}),
                Contains(HasSubstr(
                    "error: rtbridge is loaded, but no listener uses it -> add `plugin_use rt`")));
}

TEST_F(BrokerExamination, KnowsTheOptionsOfThePlugin) {
    EXPECT_THAT(
        findings("plugin SO\nplugin_opt_conf /x\n"),
        Contains("error: rtbridge does not know plugin_opt_conf and does not start -> remove "
                 "it; the only one is plugin_opt_config FILE"));
    EXPECT_THAT(findings("plugin SO\nplugin_opt_config x.toml\n"),
                Contains(HasSubstr("warning: plugin_opt_config x.toml is relative")));
}

TEST_F(BrokerExamination, FindsListenersThatRunPastThePlugin) {
    const std::string two = "per_listener_settings true\nlistener 1883\nplugin SO\nlistener 1884\n";

    EXPECT_THAT(
        findings(two, &plain_),
        AllOf(Contains("ok: listener 1883 runs through rtbridge"),
              Contains(HasSubstr("warning: publishes at listener 1884 pass no rules")),
              Contains(HasSubstr(
                  "warning: per_listener_settings is on: Mosquitto 2.0 then never ticks"))));
    for (const Config* const config : {&acl_, &logins_}) {
        EXPECT_THAT(
            findings(two, config),
            Contains(HasSubstr("error: clients of listener 1884 are not checked by rtbridge")));
    }
    EXPECT_THAT(findings(two, &plain_, BrokerVersion{2, 1, 2}),
                Not(Contains(HasSubstr("never ticks"))));
    EXPECT_THAT(findings("per_listener_settings true\nplugin SO\nlistener 1884\n"),
                AllOf(Contains("ok: listener 1883 runs through rtbridge"),
                      Contains(HasSubstr("publishes at listener 1884 pass no rules"))))
        << "a plugin line before all listeners makes one of its own";
}

TEST_F(BrokerExamination, FindsOthersThatDecideAboutAccess) {
    const std::string text =
        "plugin SO\nplugin /usr/lib/mosquitto_dynamic_security.so\n"
        "acl_file /acl\npassword_file /pw\n";

    EXPECT_THAT(
        findings(text, &acl_),
        AllOf(Contains(HasSubstr("warning: mosquitto_dynamic_security.so decides beside rtbridge")),
              Contains(HasSubstr("warning: acl_file has no effect"))));
    EXPECT_THAT(findings(text, &logins_),
                AllOf(Contains(HasSubstr("warning: password_file has no effect")),
                      Not(Contains(HasSubstr("acl_file has no effect")))));
    EXPECT_THAT(findings(text),
                Contains(HasSubstr("ok: mosquitto_dynamic_security.so is loaded too")));
}

TEST_F(BrokerExamination, SaysWhoIsLetIn) {
    EXPECT_THAT(findings("listener 1883\nplugin SO\n"),
                Contains(HasSubstr("error: no MQTT client can log in: allow_anonymous is false")));
    EXPECT_THAT(findings("listener 1883\nplugin SO\nallow_anonymous true\n"),
                Contains(HasSubstr("warning: everyone who can reach the broker may publish")));
    EXPECT_THAT(findings("listener 1883 127.0.0.1\nplugin SO\nallow_anonymous true\n"),
                Contains("ok: MQTT clients may come without a name"));
    EXPECT_THAT(findings("plugin SO\n"), Contains("ok: MQTT clients may come without a name"))
        << "without a listener line only this machine reaches it";
    EXPECT_THAT(findings("listener 1883\nuse_identity_as_username true\nplugin SO\n"),
                Contains("ok: MQTT clients have to log in"));
    EXPECT_THAT(findings("listener 1883\nplugin SO\n", &logins_),
                Not(Contains(HasSubstr("no MQTT client can log in"))));
    EXPECT_THAT(
        findings("per_listener_settings true\nlistener 1883\nallow_anonymous true\nplugin SO\n"
                 "listener 1884\npassword_file /pw\n"),
        AllOf(Contains(HasSubstr("may publish at listener 1883")),
              Contains("ok: MQTT clients have to log in at listener 1884")));
}

TEST_F(BrokerExamination, SaysThatWillsAndBridgesAreAMatterOfAccess) {
    const std::string text = "plugin SO\nconnection edge\n";

    EXPECT_THAT(
        findings(text),
        Contains(HasSubstr("warning: rtbridge has no [acl], so it does not see last wills")));
    EXPECT_THAT(findings(text, &acl_),
                Contains(HasSubstr("warning: [acl] does not bind the bridge \"edge\"")));
}

TEST_F(BrokerExamination, LooksWhoMayReadTheFiles) {
    Config config = Config::built_in();
    config.listener.bind_place.file = folder_.write("rtbridge.toml", "", 0644);
    config.auth.emplace().passwords_file.value = folder_.write("pw", "", 0644);
    config.auth->jwt.emplace_back().algorithms = {"RS256"};
    config.auth->jwt.back().keys_file.value = folder_.write("public.pem", "", 0644);

    EXPECT_THAT(
        findings("plugin SO\n", &config),
        AllOf(Contains("ok: " + folder_.path("rtbridge.toml") + " can be read by user " + me_),
              Contains("warning: " + folder_.path("pw") +
                       " holds a secret and may be read by everyone -> chmod 600 " +
                       folder_.path("pw")),
              Contains("ok: " + folder_.path("public.pem") + " can be read by user " + me_)));
    std::string folder = folder_.path("");
    folder.pop_back();
    EXPECT_EQ(::chmod(folder.c_str(), 0700), 0);
    EXPECT_THAT(
        findings("plugin SO\nuser nobody\n", &config),
        Contains("error: " + folder_.path("pw") + ": user nobody may not enter the directory \"" +
                 folder + "\" -> let it in, as by chmod o+x " + folder + ", or move the file"));
    EXPECT_EQ(::chmod(folder.c_str(), 0755), 0);
    EXPECT_EQ(::chmod(folder_.path("pw").c_str(), 0600), 0);
    EXPECT_THAT(findings("plugin SO\nuser daemon\n", &config),
                Contains("error: " + folder_.path("pw") +
                         ": user daemon may not read it -> chown daemon " + folder_.path("pw")));
    config.listener.www.value = "/nonexistent";
    EXPECT_THAT(findings("plugin SO\n", &config),
                Contains("error: /nonexistent: No such file or directory -> create it, or correct "
                         "its name"));
    EXPECT_THAT(findings("plugin SO\nuser no-such-user\n", &config),
                Contains(HasSubstr("error: there is no user \"no-such-user\"")));
    EXPECT_THAT(findings("plugin SO\nuser root\n", &config),
                Contains(HasSubstr("warning: the broker, and rtbridge in it, runs as root")));
}

TEST_F(BrokerExamination, ComparesPorts) {
    Config config = Config::built_in();
    config.listener.bind.port = 1883;
    config.mqtt_tunnel = MqttTunnelConfig{{"127.0.0.1", 1884}, {}};

    EXPECT_THAT(
        findings("listener 1883\nplugin SO\n", &config),
        AllOf(Contains(HasSubstr(
                  "error: the broker's listener 1883 has the port of rtbridge, 127.0.0.1:1883")),
              Contains(HasSubstr("warning: mqtt_tunnel.to leads to port 1884, at which this broker "
                                 "has no MQTT listener"))));
    config.listener.bind.port = 80;
    EXPECT_THAT(findings("listener 1884\nplugin SO\nuser nobody\n", &config),
                AllOf(Contains(HasSubstr("warning: port 80 is below 1024")),
                      Not(Contains(HasSubstr("mqtt_tunnel")))));
    EXPECT_THAT(findings("listener 1884\nprotocol websockets\nplugin SO\n", &config),
                Contains(HasSubstr("mqtt_tunnel.to leads to port 1884")));

    config.mqtt_tunnel.reset();
    config.broker.connect = BindAddress{"127.0.0.1", 1885};
    EXPECT_THAT(findings("listener 1884\nplugin SO\n", &config),
                Contains(HasSubstr("warning: broker.connect leads to port 1885")));
    EXPECT_THAT(findings("listener 1885\nplugin SO\n", &config),
                Not(Contains(HasSubstr("broker.connect"))));
}

TEST_F(BrokerExamination, JudgesTheVersion) {
    EXPECT_THAT(findings("plugin SO\n", &plain_, BrokerVersion{1, 6, 9}),
                Contains(HasSubstr("error: mosquitto 1.6.9 is too old")));
    EXPECT_THAT(
        findings("plugin SO\n", &plain_, BrokerVersion{2, 2, 0}),
        Contains(HasSubstr("warning: mosquitto 2.2.0 is outside of what rtbridge was tried with")));
    EXPECT_THAT(findings("plugin SO\n", &plain_, std::nullopt),
                Contains(HasSubstr("warning: the version of mosquitto is not known")));
}

TEST(BrokerVersion, IsReadFromTheHelpOfTheProgram) {
    EXPECT_EQ(read_broker_version("mosquitto version 2.0.11\n\nmosquitto is"),
              (BrokerVersion{2, 0, 11}));
    EXPECT_EQ(read_broker_version("mosquitto version 2.1.0rc3"), (BrokerVersion{2, 1, 0}));
    EXPECT_EQ(read_broker_version("not found"), std::nullopt);
    EXPECT_EQ(read_broker_version("mosquitto version x"), std::nullopt);
}

class DoctorConf : public BrokerExamination {
protected:
    std::pair<int, std::string> doctor(const std::string& rtbridge_toml) {
        const std::string conf = folder_.write(
            "mosquitto.conf", "plugin " + so_ + "\nplugin_opt_config " +
                                  folder_.write("rtbridge.toml", rtbridge_toml, 0644) + "\nuser " +
                                  me_ + "\n");
        const std::string program =
            folder_.write("mosquitto", "#!/bin/sh\necho mosquitto version 2.0.11\nexit 3\n", 0700);
        std::ostringstream out;
        const int code = doctor_conf(conf, program, out);
        return {code, out.str()};
    }
};

TEST_F(DoctorConf, ShowsFindingsWithPlacesAndWhatToDo) {
    const auto [code, text] = doctor("[acl]\ndefault = \"allow\"\n");

    EXPECT_EQ(code, 0) << text;
    EXPECT_THAT(
        text, HasSubstr("ok       " + folder_.path("rtbridge.toml") + " is right, with 0 rules\n"));
    EXPECT_THAT(text, HasSubstr("ok       mosquitto 2.0.11\n"));
    EXPECT_THAT(text, HasSubstr("ok       " + folder_.path("mosquitto.conf") +
                                ":1: rtbridge.so is loaded once"));
    EXPECT_THAT(text, HasSubstr(", 0 errors\n"));
}

TEST_F(DoctorConf, FailsWithTheMistakesOfOurOwnFile) {
    const auto [code, text] = doctor("[lisener]\n");

    EXPECT_EQ(code, 1);
    EXPECT_THAT(text, HasSubstr("error    " + folder_.path("rtbridge.toml") +
                                ":1: unknown key \"lisener\""));
    EXPECT_THAT(text, HasSubstr(", 1 error\n"));
}

TEST_F(DoctorConf, FailsWhereThereIsNoFile) {
    std::ostringstream out;

    EXPECT_EQ(doctor_conf("/nonexistent/mosquitto.conf", "mosquitto", out), 1);
    EXPECT_EQ(
        out.str(),
        "error    /nonexistent/mosquitto.conf: cannot read the file: No such file or directory\n"
        "0 ok, 0 warnings, 1 error\n");
}

TEST(HelpOfProgram, IsEmptyWhereItCannotBeRun) {
    EXPECT_EQ(help_of_program("/nonexistent/mosquitto"), "");
}

}  // namespace
}  // namespace rtbridge
