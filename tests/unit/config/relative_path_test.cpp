#include "config/relative_path.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(RelativePath, NamesAreRelativeToTheFolderOfTheConfiguration) {
    const struct {
        const char *config, *name, *path;
    } cases[] = {
        {"/etc/rtbridge/rtbridge.toml", "cert.pem", "/etc/rtbridge/cert.pem"},
        {"/etc/rtbridge/rtbridge.toml", "tls/cert.pem", "/etc/rtbridge/tls/cert.pem"},
        {"/etc/rtbridge/rtbridge.toml", "/srv/cert.pem", "/srv/cert.pem"},
        {"rtbridge.toml", "cert.pem", "cert.pem"},
        {"conf/rtbridge.toml", "../cert.pem", "conf/../cert.pem"},
    };
    for (const auto& c : cases) EXPECT_EQ(beside_config(c.config, c.name), c.path) << c.name;
}

}  // namespace
}  // namespace rtbridge
