#pragma once

#include "mosquitto_api.h"

namespace rtbridge {

// Registers an event callback in its constructor and unregisters it in its destructor, so that
// unload is the reverse of load by construction. Thread: broker.
class CallbackRegistration {
public:
    CallbackRegistration(mosquitto_plugin_id_t* plugin, int event,
                         MOSQ_FUNC_generic_callback callback, void* user_data)
        : plugin_(plugin), event_(event), callback_(callback) {
        ok_ = mosquitto_callback_register(plugin, event, callback, nullptr, user_data) ==
              MOSQ_ERR_SUCCESS;
    }
    CallbackRegistration(const CallbackRegistration&) = delete;
    CallbackRegistration& operator=(const CallbackRegistration&) = delete;
    ~CallbackRegistration() {
        if (ok_) mosquitto_callback_unregister(plugin_, event_, callback_, nullptr);
    }

    [[nodiscard]] bool ok() const { return ok_; }

private:
    mosquitto_plugin_id_t* plugin_;
    int event_;
    MOSQ_FUNC_generic_callback callback_;
    bool ok_ = false;
};

}  // namespace rtbridge
