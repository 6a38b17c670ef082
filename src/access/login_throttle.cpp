#include "access/login_throttle.h"
namespace rtbridge {

std::chrono::milliseconds LoginThrottle::wait(std::string_view, SteadyTime) { return {}; }
void LoginThrottle::failed(std::string_view, std::uint32_t, SteadyTime) {}
}
