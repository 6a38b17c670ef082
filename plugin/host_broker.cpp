#include "host_broker.h"

#include <openssl/x509.h>

#include <cstring>
#include <limits>
#include <memory>

#include "access/openssl_errors.h"
#include "base/free_with.h"
#include "mosquitto_api.h"

namespace rtbridge {
namespace {

int mosquitto_level(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return MOSQ_LOG_DEBUG;
        case LogLevel::Info:
            return MOSQ_LOG_INFO;
        case LogLevel::Notice:
            return MOSQ_LOG_NOTICE;
        case LogLevel::Warning:
            return MOSQ_LOG_WARNING;
        case LogLevel::Error:
            break;
    }
    return MOSQ_LOG_ERR;
}

}  // namespace

bool HostBroker::publish(const std::string& topic, const std::string& payload, int qos,
                         bool retain) {
    if (payload.size() > std::numeric_limits<int>::max()) return false;
    // Allocated here and handed over: mosquitto_broker_publish_copy() skews the memory counter
    // of 2.0.
    void* copy = nullptr;
    if (!payload.empty()) {
        copy = mosquitto_calloc(payload.size() + 1, 1);
        if (copy == nullptr) return false;
        std::memcpy(copy, payload.data(), payload.size());
    }
    const int result = mosquitto_broker_publish(
        nullptr, topic.c_str(), static_cast<int>(payload.size()), copy, qos, retain, nullptr);
    if (result == MOSQ_ERR_SUCCESS) return true;
    mosquitto_free(copy);
    return false;
}

void HostBroker::kick(const std::string& client_id) {
    // The only failure is that the client is gone already.
    (void)mosquitto_kick_client_by_clientid(client_id.c_str(), true);
}

std::string HostBroker::certificate_name(const void* connection) {
    const OpensslErrorMark mark;
    const std::unique_ptr<X509, FreeWith<X509_free>> certificate(static_cast<X509*>(
        mosquitto_client_certificate(static_cast<const mosquitto*>(connection))));
    if (certificate == nullptr) return {};
    const X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0) return {};
    unsigned char* text = nullptr;
    const int length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (length < 0) return {};
    std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
    OPENSSL_free(text);
    // A NUL inside would make another name of it for everyone who reads C strings.
    return name.find('\0') == std::string::npos ? name : std::string();
}

void HostLog::write(LogLevel level, std::string_view line) {
    mosquitto_log_printf(mosquitto_level(level), "%s", escape_control(line).c_str());
}

}  // namespace rtbridge
