#include "config/sections.h"
#include "config/template_reader.h"

namespace rtbridge {

void read_sse(TableReader& table, SseConfig& sse) {
    sse.body = take_template(table, "body");
    table.report_unknown_keys();
}

}  // namespace rtbridge
