#include "broker.h"

#include <gtest/gtest.h>
#include <mosquitto.h>
#include <uv.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace rtbridge {

namespace {

std::filesystem::path make_directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "rtbridge-test-XXXXXX";
    const char* made = ::mkdtemp(pattern.data());
    if (made == nullptr) throw std::runtime_error("no temporary directory: " + pattern);
    return made;
}

std::size_t entries(const char* directory) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        count += entry.path().empty() ? 0 : 1;
    }
    return count;
}

std::size_t descriptor_count() {
    return entries("/proc/self/fd");
}

// libuv keeps a pipe of the process from the first loop on, whoever makes it.
void let_libuv_open_its_own_descriptors() {
    uv_loop_t loop;
    if (uv_loop_init(&loop) == 0) uv_loop_close(&loop);
}

}  // namespace

std::size_t thread_count() {
    return entries("/proc/self/task");
}

bool threads_fall_to(std::size_t expected) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (thread_count() > expected) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::yield();
    }
    return true;
}

// ThreadSanitizer starts a thread of its own beside the first of ours.
void let_a_sanitizer_start_its_thread() {
#if defined(__SANITIZE_THREAD__)
    const std::size_t before = thread_count();
    std::thread([] {}).join();
    EXPECT_TRUE(threads_fall_to(before + 1));
#endif
}

Broker::Broker() : directory_(make_directory()) {
    let_a_sanitizer_start_its_thread();
    let_libuv_open_its_own_descriptors();
    threads_before_ = thread_count();
    descriptors_before_ = descriptor_count();
    fake_broker_start();
}

Broker::~Broker() {
    unload();
    EXPECT_EQ(fake_broker_callbacks_left_behind(), 0U) << "registrations";
    EXPECT_EQ(fake_broker_blocks_in_use(), 0U) << "blocks of the broker's memory";
    EXPECT_TRUE(threads_fall_to(threads_before_)) << thread_count() << " threads";
    EXPECT_EQ(descriptor_count(), descriptors_before_) << "descriptors";
    for (std::size_t i = 0; i < fake_broker_violation_count(); ++i) {
        ADD_FAILURE() << fake_broker_violation(i);
    }
    fake_broker_stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

std::string Broker::write_config(std::string_view text) {
    const std::string path = path_of("rtbridge.toml");
    std::ofstream(path, std::ios::trunc) << text;
    return path;
}

int Broker::load(std::initializer_list<fake_option> options) {
    return fake_broker_load(RTBRIDGE_SO, options.begin(), static_cast<int>(options.size()));
}

int Broker::load_rules(std::string_view rules) {
    const std::string path =
        write_config("version = 1\n" + std::string(any_port) + std::string(rules));
    return load({{"config", path.c_str()}});
}

Delivered Broker::publish(const Sent& sent) {
    fake_delivery delivery =
        fake_broker_publish(&sent.client, sent.topic.c_str(), sent.payload.data(),
                            static_cast<std::uint32_t>(sent.payload.size()), sent.qos, sent.retain);
    Delivered result;
    result.rc = delivery.rc;
    result.payload_null = delivery.payload == nullptr;
    if (!result.payload_null) result.payload.assign(delivery.payload, delivery.payload_len);
    result.retain = delivery.retain;
    result.replaced = delivery.replaced;
    fake_delivery_free(&delivery);
    return result;
}

void Broker::unload() {
    fake_broker_unload();
}

std::vector<std::string> Broker::log(int level) const {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < fake_broker_log_count(); ++i) {
        const fake_log_line line = fake_broker_log_line(i);
        if (line.level == level) lines.emplace_back(line.text);
    }
    return lines;
}

std::vector<std::string> Broker::errors() const {
    return log(MOSQ_LOG_ERR);
}

std::string Broker::whole_log() const {
    std::string text;
    for (std::size_t i = 0; i < fake_broker_log_count(); ++i) {
        text += std::string(fake_broker_log_line(i).text) + "\n";
    }
    return text;
}

std::uint16_t Broker::port() const {
    static constexpr std::string_view sentence = "rtbridge: listening on http://127.0.0.1:";
    for (const std::string& line : log(MOSQ_LOG_NOTICE)) {
        if (line.starts_with(sentence)) {
            return static_cast<std::uint16_t>(
                std::strtoul(line.c_str() + sentence.size(), nullptr, 10));
        }
    }
    return 0;
}

}  // namespace rtbridge
