#pragma once

#include <string>

#include "base/result.h"

namespace rtbridge {

enum class Prompt { Once, Twice };  // Twice: for a new password, which must be the same both times

// A password from standard input: its first line, or, where that is a terminal, what is typed at a
// prompt without being shown.
[[nodiscard]] Result<std::string, std::string> read_password(Prompt prompt);

}  // namespace rtbridge
