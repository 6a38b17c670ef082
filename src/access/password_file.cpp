#include "access/password_file.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <ctime>
#include <utility>

#include "access/openssl_errors.h"
#include "access/printable.h"
#include "base/bytes.h"
#include "base/file_text.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t file_bytes_max = 16 * MiB;

std::string_view without_trailing_blanks(std::string_view line) {
    const std::size_t last = line.find_last_not_of(" \t\r");
    return last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1);
}

std::uint64_t record_of(std::string_view line) {
    const OpensslErrorMark mark;
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    std::uint64_t record = 0;
    if (EVP_Digest(line.data(), line.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1) {
        std::memcpy(&record, digest.data(), sizeof record);
    }
    return record == 0 ? 1 : record;
}

// CPU time of this thread: what other programs take of the machine must not count.
std::chrono::nanoseconds thread_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// The least of some runs, as the first ones find cold caches; of one that is long, the first
// counts.
std::chrono::nanoseconds time_of(const PasswordHash& hash) {
    constexpr int runs = 5;
    constexpr std::chrono::nanoseconds long_run = 20ms;
    std::chrono::nanoseconds least = std::chrono::nanoseconds::max();
    for (int run = 0; run < runs; ++run) {
        const std::chrono::nanoseconds start = thread_time();
        (void)hash.matches("a password of usual length");
        least = std::min(least, thread_time() - start);
        if (least > long_run) break;
    }
    return std::max(least, std::chrono::nanoseconds(1));
}

}  // namespace

std::optional<PasswordFile> PasswordFile::load(const Placed<std::string>& path,
                                               Diagnostics& diagnostics) {
    const std::string title = "passwords_file " + in_quotes(path.value);
    Result<FileText, std::string> file =
        read_file_text(path.value, file_bytes_max, "the file is larger than 16MiB");
    if (!file.ok()) {
        diagnostics.error(path.place, title + ": " + file.error());
        return std::nullopt;
    }
    if (file.value().readable_by_others) {
        diagnostics.warning(path.place,
                            title + " can be read by every user of the system; chmod o-r it");
    }
    PasswordFile result;
    bool complete = true;
    std::string_view rest = file.value().text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string wrong = result.add(without_trailing_blanks(rest.substr(0, end)), number);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (wrong.empty()) continue;
        // Placed at the key and not at the line, of which a message would show the text.
        complete = false;
        diagnostics.error(path.place, path.value + ":" + std::to_string(number) + ": " + wrong);
    }
    if (!complete) return std::nullopt;
    result.measure();
    return result;
}

std::string PasswordFile::add(std::string_view line, std::size_t number) {
    if (line.empty() || line.front() == '#') return {};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return "there is no ':' between user and password";
    const std::string_view name = line.substr(0, colon);
    if (!is_printable(name)) return "the user name is empty or has control characters";
    Result<PasswordHash, std::string> hash = PasswordHash::parse(line.substr(colon + 1));
    if (!hash.ok()) return std::move(hash).error();
    const auto [user, is_new] = users_.try_emplace(
        std::string(name), User{std::move(hash).value(), record_of(line), number});
    if (is_new) return {};
    return "user " + in_quotes(name) + " stands already in line " +
           std::to_string(user->second.line);
}

// Times of different kinds do not compare by their parameters: the heaviest of each is measured.
void PasswordFile::measure() {
    std::array<const User*, 3> heaviest{};
    for (const auto& [name, user] : users_) {
        const User*& of_kind = heaviest[static_cast<std::size_t>(user.hash.kind())];
        if (of_kind == nullptr || user.hash.work() > of_kind->hash.work()) of_kind = &user;
    }
    for (const User* const user : heaviest) {
        if (user == nullptr) continue;
        const std::chrono::nanoseconds time = time_of(user->hash);
        if (time <= cost_) continue;
        cost_ = time;
        costliest_ = user;
    }
}

bool PasswordFile::matches(std::string_view user, std::string_view password) const {
    const auto found = users_.find(user);
    if (found != users_.end()) return found->second.hash.matches(password);
    // How long an answer takes must not tell which users there are.
    if (costliest_ != nullptr) (void)costliest_->hash.matches(password);
    return false;
}

std::uint64_t PasswordFile::record(std::string_view user) const {
    const auto found = users_.find(user);
    return found == users_.end() ? 0 : found->second.record;
}

std::string PasswordFile::costliest() const {
    return "line " + std::to_string(costliest_->line) + " (" + costliest_->hash.description() + ")";
}

}  // namespace rtbridge
