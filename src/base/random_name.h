#pragma once

#include <cstddef>
#include <string>

namespace rtbridge {

// Letters and digits that nobody takes for one another, to name a session or a process; not a
// secret. Thread: any.
[[nodiscard]] std::string random_name(std::size_t characters);

}  // namespace rtbridge
