#pragma once

#include <memory>

#include "transport/engineio_app.h"

namespace rtbridge {

// Engine.IO: answers every message with itself.
class EchoApp final : public EngineIoApp {
public:
    [[nodiscard]] std::unique_ptr<EngineIoHandler> open(EngineIoSession& session) override
        ON_LISTENER_THREAD;
};

}  // namespace rtbridge
