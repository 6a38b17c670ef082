// Wherever a name or a word is near one that is known, the message says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/private_folder.h"
#include "configuration.h"

namespace rtbridge {
namespace {

const std::string rule = "[[rule]]\nname = \"a\"\ntopics = [\"a/{site}\"]\n";
const std::string acl = "[acl]\n[[acl.rule]]\n";
const std::string jwt = "[auth]\n[[auth.jwt]]\nkeys_file = \"/nonexistent\"\n";
const std::string on = "[[socketio.on]]\nevent = \"e\"\n";
const std::string route = "[[http.route]]\npath = \"/x\"\n";

TEST(DidYouMean, IsSaidOfEveryKindOfMistake) {
    const struct {
        std::string text, meant;
    } cases[] = {
        // sections and keys, on each level
        {"[listner]\n", "\"listener\""},
        {"[[rules]]\n", "\"rule\""},
        {"includ = []\n", "\"include\""},
        {"[listener]\nbnd = 1\n", "\"bind\""},
        {"[listener]\ntls = { crt = \"x\" }\n", "\"cert\""},
        {"[limits]\nconnection = 1\n", "\"connections\""},
        {"[limits]\nqueue = { sfot = \"1KiB\" }\n", "\"soft\""},
        {"[auth]\nanonimous = \"deny\"\n", "\"anonymous\""},
        {"[auth]\n[[auth.role]]\nuser = \"a\"\nrol = \"b\"\n", "\"role\""},
        {jwt + "isuer = \"x\"\n", "\"issuer\""},
        {"[acl]\ndefalt = \"deny\"\n", "\"default\""},
        {acl + "topcs = [\"a\"]\n", "\"topics\""},
        {rule + "batery = {}\n", "\"battery\""},
        {rule + "battery = { pwer = \"p\" }\n", "\"power\""},
        {rule + "browser = { max_rat = \"1/s\" }\n", "\"max_rate\""},
        {rule + "history = { lst = 1 }\n", "\"last\""},
        {"[socketio]\npaht = \"/x/\"\n", "\"path\""},
        {on + "do = \"status\"\nrply = {}\n", "\"reply\""},
        {"[socketio]\npresence = { grce = \"1s\" }\n", "\"grace\""},
        {"[[socketio.welcome]]\nevnt = \"e\"\n", "\"event\""},
        {"[sse]\nbdy = 1\n", "\"body\""},
        {"[mqtt_tunnel]\ntoo = \"127.0.0.1:1883\"\n", "\"to\""},
        {route + "method = \"GET\"\nlatst = \"a\"\n", "\"latest\""},
        // words
        {rule + "on_invalid = \"dropp\"\n", "\"drop\""},
        {rule + "mqtt = \"replce\"\n", "\"replace\""},
        {rule + "mqtt = \"publsh:b\"\n", "\"publish:\""},
        {rule + "battery = { positive = \"chargin\" }\n", "\"charging\""},
        {rule + "fields = { x = \"numer 0..1\" }\n", "\"number\""},
        {"[auth]\nanonymous = \"dney\"\n", "\"deny\""},
        {jwt + "algorithms = [\"HS265\"]\n", "\"HS256\""},
        {"[acl]\ndefault = \"alow\"\n", "\"allow\""},
        {acl + "allow = [\"recieve\"]\ntopics = [\"a\"]\n", "\"receive\""},
        {acl + "allow = [\"publish\"]\ntopics = [\"{usr}\"]\n", "\"{user}\""},
        {"[socketio]\nsubscribe = \"non\"\n", "\"none\""},
        {on + "do = \"subscibe\"\n", "\"subscribe\""},
        {route + "method = \"get\"\nlatest = \"a\"\n", "\"GET\""},
        // names in braces
        {rule + "key = \"{sit}\"\n", "{site}"},
        {rule + "set = { x = \"{paylod}\" }\n", "{payload}"},
        {rule + "browser = { body = \"{nw}\" }\n", "{now}"},
        {route + "method = \"POST\"\npublish = \"{bdy}\"\n", "{body}"},
        // names that stand elsewhere in the file
        {"[auth]\n[[auth.role]]\nuser = \"*\"\nrole = \"operator\"\n" + acl +
             "role = \"operater\"\nallow = [\"publish\"]\ntopics = [\"a\"]\n",
         "\"operator\""},
    };
    const PrivateFolder folder;
    for (const auto& c : cases) {
        Diagnostics diagnostics;
        (void)load_configuration(folder.write("rtbridge.toml", c.text), diagnostics);
        std::string all;
        for (const Diagnostic& each : diagnostics.sorted()) all += to_line(each) + "\n";
        EXPECT_THAT(all, testing::HasSubstr("did you mean " + c.meant + "?")) << c.text;
    }
}

TEST(DidYouMean, IsNotSaidWhereNothingIsNear) {
    const PrivateFolder folder;
    for (const char* const option : {"mqtt = \"elsewhere\"", "on_invalid = \"ignore\"",
                                     "mqtt = \"publish:\"", "fields = { x = \"float\" }"}) {
        Diagnostics diagnostics;
        (void)load_configuration(folder.write("rtbridge.toml", rule + option + "\n"), diagnostics);
        ASSERT_TRUE(diagnostics.has_errors()) << option;
        EXPECT_THAT(to_line(diagnostics.sorted().at(0)),
                    testing::AllOf(testing::HasSubstr("; write \""),
                                   testing::Not(testing::HasSubstr("did you mean"))));
    }
}

}  // namespace
}  // namespace rtbridge
