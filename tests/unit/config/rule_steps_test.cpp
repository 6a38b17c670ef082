#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "config/config_loader.h"
#include "config_text.h"

// How the steps compute, classify, map, rename and drop_fields of a rule are read.

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::Pair;

const std::string rule_head = "[[rule]]\nname = \"r\"\ntopics = [\"t\"]\n";

std::string mistakes(const std::string& lines) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(rule_head + lines, "test.toml", diagnostics);
    EXPECT_EQ(config.has_value(), !diagnostics.has_errors()) << lines;
    return to_test_text(diagnostics);
}

RuleConfig read_rule(const std::string& lines) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(rule_head + lines, "test.toml", diagnostics);
    EXPECT_EQ(to_test_text(diagnostics), "") << lines;
    return config && config->rules.size() == 1 ? config->rules.front() : RuleConfig();
}

TEST(RuleStepsConfig, ReadsComputeInFileOrderWithThePlaceOfItsText) {
    const RuleConfig rule = read_rule("compute = { z = \"a / 2\", a = '''b''' }");
    ASSERT_EQ(rule.compute.size(), 2U);
    EXPECT_EQ(rule.compute[0].name.value, "z");
    EXPECT_EQ(rule.compute[0].expression.value, "a / 2");
    EXPECT_EQ(rule.compute[0].expression.place.column, 18U) << "behind the quote";
    EXPECT_EQ(rule.compute[1].expression.place.column, 33U) << "behind all three";
}

TEST(RuleStepsConfig, ReadsClassifyWithItsThresholdsInOrder) {
    const RuleConfig rule = read_rule(
        "[rule.classify.level]\nof = \"soc\"\nbelow = { low = 30, critical = 10.5 }\n"
        "otherwise = \"ok\"\nhysteresis = 2");
    ASSERT_EQ(rule.classify.size(), 1U);
    const ClassifyConfig& level = rule.classify.front();
    EXPECT_EQ(level.name.value, "level");
    EXPECT_EQ(level.of.value, "soc");
    ASSERT_EQ(level.bands.size(), 2U);
    EXPECT_EQ(level.bands[0].label, "critical");
    EXPECT_EQ(level.bands[0].below, 10.5);
    EXPECT_EQ(level.bands[1].label, "low");
    EXPECT_EQ(level.otherwise, "ok");
    EXPECT_EQ(level.hysteresis, 2);
}

TEST(RuleStepsConfig, ReadsMapRenameAndDropFields) {
    const RuleConfig rule = read_rule(
        "map = { site = { of = \"{device}\", table = { d1 = \"Berlin\", \"d 2\" = \"\" }, "
        "otherwise = \"?\" } }\n"
        "rename = { batteryPower = \"power\", \"a.b\" = \"c\" }\n"
        "drop_fields = [\"x\", \"gps.lat\"]");
    ASSERT_EQ(rule.map.size(), 1U);
    EXPECT_EQ(rule.map.front().of.value, "{device}");
    EXPECT_THAT(rule.map.front().table, ElementsAre(Pair("d1", "Berlin"), Pair("d 2", "")));
    EXPECT_EQ(rule.map.front().otherwise, "?");
    ASSERT_EQ(rule.rename.size(), 2U);
    EXPECT_EQ(rule.rename[1].from.value, "a.b");
    EXPECT_EQ(rule.rename[1].to, "c");
    ASSERT_EQ(rule.drop_fields.size(), 2U);
    EXPECT_EQ(rule.drop_fields[1].value, "gps.lat");
}

TEST(RuleStepsConfig, Refuses) {
    const struct {
        const char* lines;
        const char* mistake;
    } cases[] = {
        {"compute = 1",
         "4:11: error: compute must be a table like { power_kw = \"batteryPower / 1000\" }, not an "
         "integer"},
        {"compute = { x = 1 }", "4:17: error: x must be a string, not an integer"},
        {"compute = { \"\" = \"1\" }", "4:13: error: compute needs names that are not empty"},
        {"classify = { l = 1 }",
         "4:18: error: l must be a table like { of = \"soc\", below = { low = 20 }, otherwise = "
         "\"ok\" }, not an integer"},
        {"classify = { l = {} }",
         "4:18: error: classify l has no of; add the number that it is about, like of = "
         "\"batteryPercent\"\n"
         "4:18: error: classify l has no below; add one like { low = 20 }\n"
         "4:18: error: classify l has no otherwise; add the label from the last threshold on, like "
         "otherwise = \"ok\""},
        {"classify = { l = { of = \"a\", below = {}, otherwise = \"\" } }",
         "4:38: error: below is empty; name at least one label"},
        {"classify = { l = { of = \"a\", below = { x = 1, y = 1.0 }, otherwise = \"z\" } }",
         "4:51: error: \"y\" and \"x\" have the same threshold"},
        {"classify = { l = { of = \"a\", below = { x = inf }, otherwise = \"z\" } }",
         "4:44: error: a threshold must be a finite number"},
        {"classify = { l = { of = \"a\", below = { x = \"1\" }, otherwise = \"z\" } }",
         "4:44: error: x must be a number, not a string"},
        {"classify = { l = { of = \"a\", below = { x = 1 }, otherwise = \"z\", hysteresis = -1 } }",
         "4:79: error: hysteresis must be 0 or a positive number"},
        {"classify = { l = { of = \"a\", below = { x = 1, y = 3 }, otherwise = \"z\", "
         "hysteresis = 2.5 } }",
         "4:86: error: hysteresis is wider than the band of \"y\""},
        {"classify = { l = { of = \"a\", below = { x = 1 }, otherwise = \"z\", hyst = 1 } }",
         "4:66: error: unknown key \"hyst\" in classify l; remove it"},
        {"map = { s = {} }",
         "4:13: error: map s has no of; add the text to look up, like of = \"{device}\" or of = "
         "\"{payload.deviceId}\"\n"
         "4:13: error: map s has neither table nor file; add one like table = { d1 = \"Berlin\" } "
         "or file = \"sites.csv\""},
        {"map = { s = { of = \"{x}\", table = { a = 1 } } }",
         "4:41: error: a must be a string, not an integer"},
        {"map = { s = { of = \"{x}\", file = \"/nowhere/x.csv\" } }",
         "4:34: error: \"/nowhere/x.csv\": cannot read the file: No such file or directory"},
        {"rename = { a = \"\" }", "4:16: error: the new name of \"a\" is empty"},
        {"rename = { a = 1 }", "4:16: error: a must be a string, not an integer"},
        {"rename = { \"a..b\" = \"c\" }",
         "4:12: error: rename = \"a..b\" is not a path; write a field like \"batteryPower\" or "
         "\"battery.power\""},
        {"drop_fields = \"a\"",
         "4:15: error: drop_fields must be an array of strings, not a string"},
        {"drop_fields = [\"a\", \".b\"]",
         "4:21: error: drop_fields = \".b\" is not a path; write a field like \"batteryPower\" or "
         "\"battery.power\""},
    };
    for (const auto& c : cases) EXPECT_EQ(mistakes(c.lines), std::string(c.mistake) + "\n");
}

// A configuration beside a file of texts.
class MapFile : public testing::Test {
protected:
    MapFile() { std::filesystem::create_directories(folder_); }
    ~MapFile() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    [[nodiscard]] std::string config_path() const { return (folder_ / "rtbridge.toml").string(); }
    std::optional<Config> load(const std::string& csv, const std::string& more = "") {
        write("sites.csv", csv);
        write("rtbridge.toml",
              "[[rule]]\nname = \"r\"\ntopics = [\"t/{device}\"]\n"
              "map.site = { of = \"{device}\", file = \"sites.csv\"" +
                  more + " }\n");
        diagnostics_ = Diagnostics();
        return load_config(config_path(), diagnostics_);
    }
    // Without the folder.
    std::string mistakes(const std::string& csv, const std::string& more = "") {
        const bool loaded = load(csv, more).has_value();
        EXPECT_EQ(loaded, !diagnostics_.has_errors());
        std::string lines;
        for (const Diagnostic& one : diagnostics_.sorted()) {
            std::string line = to_line(one);
            line.erase(0, folder_.string().size() + 1);
            lines += line + "\n";
        }
        return lines;
    }
    std::vector<std::pair<std::string, std::string>> table(const std::string& csv,
                                                           const std::string& more = "") {
        const std::optional<Config> config = load(csv, more);
        EXPECT_EQ(to_test_text(diagnostics_), "");
        return config ? config->rules.front().map.front().table
                      : std::vector<std::pair<std::string, std::string>>();
    }

private:
    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("rtbridge-map-" + std::to_string(getpid()));
    Diagnostics diagnostics_;
};

TEST_F(MapFile, IsReadBesideTheConfiguration) {
    EXPECT_THAT(table("d1,Berlin\nd2,Bonn\n"),
                ElementsAre(Pair("d1", "Berlin"), Pair("d2", "Bonn")));
    EXPECT_THAT(table("d1,Berlin", ", table = { d0 = \"here\" }"),
                ElementsAre(Pair("d0", "here"), Pair("d1", "Berlin")));
    EXPECT_THAT(table(""), ElementsAre());
}

TEST_F(MapFile, IsCsvAsSpreadsheetsWriteIt) {
    EXPECT_THAT(table("\xEF\xBB\xBF"
                      "d1,\"Berlin, \"\"Mitte\"\"\"\r\n\r\n d2 , Bonn \r\n"),
                ElementsAre(Pair("d1", "Berlin, \"Mitte\""), Pair("d2", "Bonn")));
    EXPECT_THAT(table("d1,\"two\nlines\"\n"), ElementsAre(Pair("d1", "two\nlines")));
    EXPECT_THAT(table("d1,\n"), ElementsAre(Pair("d1", "")));
}

TEST_F(MapFile, RefusesByLine) {
    EXPECT_EQ(
        mistakes("d1,Berlin\nd2\n\nd3,a,b\n"),
        "sites.csv:2:1: error: the row has 1 column; it needs two, a text and what stands for "
        "it\n"
        "sites.csv:4:1: error: the row has 3 columns; it needs two, a text and what stands "
        "for it\n");
    EXPECT_EQ(mistakes("d1,\"x\ny\"\nd2,a\nd1,b\n"),
              "sites.csv:4:1: error: the row repeats \"d1\" of line 1\n");
    EXPECT_EQ(mistakes("d0,b\n", ", table = { d0 = \"here\" }"),
              "sites.csv:1:1: error: the row repeats \"d0\" of the rule's table\n");
    EXPECT_THAT(mistakes("d1,\"open\nd2,b\n"),
                testing::HasSubstr("error: the row is not CSV: error parsing data while strict"));
}

TEST_F(MapFile, ReportsTheFirstMistakesOfAFileThatIsSomethingElse) {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "no comma\n";
    const std::string lines = mistakes(text);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 20);
}

}  // namespace
}  // namespace rtbridge
