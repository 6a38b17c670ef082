#include "ctl/doctor_conf.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <ostream>
#include <vector>

#include "base/bytes.h"
#include "base/file_descriptor.h"
#include "base/log.h"
#include "bridge.h"
#include "configuration.h"
#include "ctl/broker_examination.h"
#include "ctl/mosquitto_conf.h"

extern char** environ;

namespace rtbridge {
namespace {

constexpr std::size_t help_bytes_max = 16 * KiB;

class Report {
public:
    explicit Report(std::ostream& out) : out_(out) {}

    void add(const Finding& finding) {
        const auto level = static_cast<std::size_t>(finding.level);
        ++counts_.at(level);
        constexpr std::array<const char*, 3> names = {"ok       ", "warning  ", "error    "};
        out_ << names.at(level);
        if (finding.place.line > 0) {
            out_ << escape_control(finding.place.file) << ":" << finding.place.line << ": ";
        }
        out_ << escape_control(finding.text) << "\n";
        if (!finding.advice.empty()) {
            out_ << "         -> " << escape_control(finding.advice) << "\n";
        }
    }
    void add(const Diagnostics& diagnostics) {
        for (const Diagnostic& each : diagnostics.sorted()) {
            const bool error = each.severity == Severity::Error;
            add({error ? Finding::Level::Error : Finding::Level::Warning,
                 (each.place.line == 0 ? each.place.file + ": " : "") + each.message, "",
                 each.place});
        }
    }

    // The exit code.
    [[nodiscard]] int end() {
        const auto& [oks, warnings, errors] = counts_;
        out_ << oks << " ok, " << warnings << (warnings == 1 ? " warning, " : " warnings, ")
             << errors << (errors == 1 ? " error\n" : " errors\n");
        return errors == 0 ? 0 : 1;
    }

private:
    std::ostream& out_;
    std::array<std::size_t, 3> counts_{};
};

// What rtbridge would run with; nothing where it has mistakes, which are in the report then.
std::optional<Configuration> load_rtbridge(const MosquittoConf& conf, Report& report) {
    const MosquittoConf::Plugin* const plugin = find_rtbridge(conf);
    const std::optional<std::string> named =
        plugin != nullptr ? config_path_of(*plugin) : std::nullopt;
    const std::string path = named.value_or(default_config_path);
    if (!named && ::access(path.c_str(), F_OK) != 0) {
        report.add({Finding::Level::Ok,
                    "no " + path + ": rtbridge runs with its built-in defaults",
                    "",
                    {}});
        return Configuration::built_in();
    }
    Diagnostics diagnostics;
    std::optional<Configuration> loaded = load_configuration(path, diagnostics);
    report.add(diagnostics);
    if (loaded) {
        const std::size_t rules = loaded->config.rules.size();
        report.add(
            {Finding::Level::Ok,
             path + " is right, with " + std::to_string(rules) + (rules == 1 ? " rule" : " rules"),
             "",
             {}});
    }
    return loaded;
}

}  // namespace

std::string help_of_program(const std::string& program) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    const FileDescriptor reading(ends[0]);
    pid_t child = 0;
    {
        const FileDescriptor writing(ends[1]);
        posix_spawn_file_actions_t actions;
        if (::posix_spawn_file_actions_init(&actions) != 0) return {};
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
        std::string name = program;
        std::string option = "-h";
        std::array<char*, 3> arguments = {name.data(), option.data(), nullptr};
        const int problem =
            ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (problem != 0) return {};
    }
    std::string help;
    std::array<char, 4096> part{};
    while (help.size() < help_bytes_max) {
        const ssize_t got = ::read(reading.get(), part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        help.append(part.data(), static_cast<std::size_t>(got));
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return help;
}

int doctor_conf(const std::string& conf_path, const std::string& program, std::ostream& out) {
    Report report(out);
    Diagnostics diagnostics;
    const std::optional<MosquittoConf> conf = read_mosquitto_conf(conf_path, diagnostics);
    report.add(diagnostics);
    if (!conf) return report.end();
    const std::optional<Configuration> rtbridge = load_rtbridge(*conf, report);
    for (const Finding& finding : examine_broker(*conf, rtbridge ? &rtbridge->config : nullptr,
                                                 read_broker_version(help_of_program(program)))) {
        report.add(finding);
    }
    return report.end();
}

}  // namespace rtbridge
