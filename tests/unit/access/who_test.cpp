#include "access/who.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(WhoClasses, EqualConditionsAreOneClass) {
    WhoClasses classes;
    const Who anna{.user = "anna", .client = {}, .role = {}, .address = {}};
    Who at_home = anna;
    at_home.address = AddressRange::parse("10.0.0.0/8");

    EXPECT_EQ(classes.intern(anna), 0U);
    EXPECT_EQ(classes.intern(at_home), 1U);
    EXPECT_EQ(classes.intern(Who()), 2U);
    EXPECT_EQ(classes.intern(anna), 0U);
    EXPECT_EQ(classes.intern(at_home), 1U);
    EXPECT_EQ(classes.size(), 3U);
    EXPECT_FALSE(classes.find(Who{.user = {}, .client = "anna", .role = {}, .address = {}}));
}

TEST(WhoClasses, AreFoundByNameRoleGlobAndNetwork) {
    WhoClasses classes;
    const auto user = classes.intern({.user = "anna", .client = {}, .role = {}, .address = {}});
    const auto glob = classes.intern({.user = "a*", .client = {}, .role = {}, .address = {}});
    const auto client = classes.intern({.user = {}, .client = "c", .role = {}, .address = {}});
    const auto role = classes.intern({.user = {}, .client = {}, .role = "r", .address = {}});
    const auto both = classes.intern({.user = "anna", .client = {}, .role = "r", .address = {}});
    const auto network = classes.intern(
        {.user = {}, .client = {}, .role = {}, .address = AddressRange::parse("10.0.0.0/8")});
    const auto everyone = classes.intern({});
    using Classes = std::vector<WhoClasses::Class>;

    Identity who;
    EXPECT_EQ(classes.classes_of(who), Classes{everyone});
    who.user = "anna";
    EXPECT_EQ(classes.classes_of(who), (Classes{user, glob, everyone}));
    who.roles = {"q", "r"};
    EXPECT_EQ(classes.classes_of(who), (Classes{user, glob, role, both, everyone}));
    who.user = "bob";
    who.client = "c";
    who.address = "10.9.9.9";
    EXPECT_EQ(classes.classes_of(who), (Classes{client, role, network, everyone}));
}

}  // namespace
}  // namespace rtbridge
