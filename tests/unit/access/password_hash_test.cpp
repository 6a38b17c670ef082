#include "access/password_hash.h"

#include <argon2.h>
#include <gtest/gtest.h>

#include <array>

namespace rtbridge {
namespace {

TEST(PasswordHash, ReadsWhatOthersWrote) {
    const struct {
        std::string_view stored, description;
    } cases[] = {
        // python3: hashlib.sha512(b"secret" + salt)
        {"$6$c2FsdHNhbHRzYWx0$3aiBbchfIZo+1WYrkPzJjQxZ79F/NmwLQ+wF073kTd+6ANhaic8G/jWF/"
         "X4sqSFUKpLNdm1FZjBck6HQ8knM3A==",
         "SHA-512"},
        // python3: hashlib.pbkdf2_hmac("sha512", b"secret", salt, 101)
        {"$7$101$c2FsdHNhbHRzYWx0$Hd71hnNoKcARd6Fkl1rUE+opfs3V78ZJB2AgXXC1kaKQiWfi5S5qX7D1mY5b+"
         "bIzvyidWMnS8VA+YAsAygq9EA==",
         "PBKDF2 with 101 rounds"},
    };
    for (const auto& c : cases) {
        const auto hash = PasswordHash::parse(c.stored);
        ASSERT_TRUE(hash.ok()) << hash.error();
        EXPECT_EQ(hash.value().text(), c.stored);
        EXPECT_EQ(hash.value().description(), c.description);
        EXPECT_TRUE(hash.value().matches("secret")) << c.description;
        EXPECT_FALSE(hash.value().matches("secret ")) << c.description;
        EXPECT_FALSE(hash.value().matches("")) << c.description;
    }
}

TEST(PasswordHash, ReadsWhatLibargon2Wrote) {
    for (const std::uint32_t lanes : {1U, 4U}) {
        std::array<char, 256> encoded{};
        ASSERT_EQ(argon2id_hash_encoded(2, 64, lanes, "secret", 6, "saltsalt", 8, 32,
                                        encoded.data(), encoded.size()),
                  ARGON2_OK);

        const auto hash = PasswordHash::parse(encoded.data());

        ASSERT_TRUE(hash.ok()) << hash.error();
        EXPECT_EQ(hash.value().text(), encoded.data());
        EXPECT_TRUE(hash.value().matches("secret"));
        EXPECT_FALSE(hash.value().matches("Secret"));
    }
}

TEST(PasswordHash, WritesWhatLibargon2Reads) {
    const auto hash = PasswordHash::argon2id("secret");

    ASSERT_TRUE(hash);
    EXPECT_EQ(argon2id_verify(hash->text().c_str(), "secret", 6), ARGON2_OK);
    EXPECT_EQ(hash->description(), "argon2id with m=47104,t=1");
}

TEST(PasswordHash, OfTheSamePasswordDiffersByItsSalt) {
    const auto first = PasswordHash::pbkdf2("secret", 10);
    const auto second = PasswordHash::pbkdf2("secret", 10);

    ASSERT_TRUE(first && second);
    EXPECT_NE(first->text(), second->text());
    EXPECT_TRUE(PasswordHash::parse(first->text()).value().matches("secret"));
}

TEST(PasswordHash, RefusesWhatIsBroken) {
    for (const std::string_view stored :
         {"", "secret", "$", "$6$", "$6$$", "$6$AAAA", "$6$AAAA$!!!!", "$5$AAAA$AAAA",
          "$7$101$AAAA", "$7$-1$AAAA$AAAA", "$7$1e3$AAAA$AAAA", "$7$ 1$AAAA$AAAA", "$2b$10$abc",
          "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
          "$argon2id$v=19$m=64,t=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
          "$argon2id$v=19$m=64,t=0,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
          "$argon2id$v=19$m=8,t=1,p=4$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
          "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
          "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAA"}) {
        EXPECT_FALSE(PasswordHash::parse(stored).ok()) << stored;
    }
}

}  // namespace
}  // namespace rtbridge
