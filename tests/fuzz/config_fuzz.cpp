#include <cstddef>
#include <cstdint>
#include <string_view>

#include "config/config_loader.h"

// A configuration file of any content is read or refused: no crash, no exception, no endless work.
// Included files are those of a folder that does not exist.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    rtbridge::Diagnostics diagnostics;
    const bool read =
        rtbridge::parse_config(text, "/nonexistent/fuzz.toml", diagnostics).has_value();
    // Refused means said why, and what is said can be shown.
    if (read == diagnostics.has_errors()) __builtin_trap();
    for (const rtbridge::Diagnostic& diagnostic : diagnostics.sorted()) (void)to_text(diagnostic);
    return 0;
}
